"""The last question: do visitors get what was deployed? Nothing of this is imported, nor asked, without ``probe``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Probed, Sight
from galleria_action.deployment.routing.router import VISITOR_COOKIE
from galleria_action.errors import Finding, ProbeFailed
from galleria_action.options.checks import Cors
from galleria_action.options.edge import Probe
from galleria_action.storage.settings import FOLDER
from galleria_action.usecases.context import Context

if TYPE_CHECKING:
    from galleria_action.deployment.apply.work import Work
    from galleria_action.deployment.galleries import Wanted
    from galleria_action.deployment.model import Base, Commit, Plan
    from galleria_action.deployment.routing.router import Canary
    from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
    from galleria_action.edge.probe.expected import Deployed
    from galleria_action.edge.probe.judging import Remark
    from galleria_action.edge.probe.visitor import Seen
    from galleria_action.storage.interface import Headers

_SHOWN = 20


class Unseen(ProbeFailed):
    """``mendable``: an earlier release might mend it."""

    mendable = True


def probe(
    context: Context,
    manifest: Manifest,
    document: Commit | Base | None,
    plan: Plan | None = None,
    before: Mapping[str, ManifestEntry] | None = None,
    headers: Iterable[Headers] = (),
) -> None:
    """Look as a visitor at what ``manifest`` records and at the metadata ``document``: what ``plan`` changed first. It
    deleted objects that were recorded as ``before``. ``headers`` are those that objects may have been stored with.

    Raises ``Unseen`` where that is asked for.
    """
    wanted = context.options.edge.probe
    if wanted is Probe.OFF or context.visited_at is None:
        return
    seen = _look(context, _deployed(manifest, document, plan, before or {}, _stored(context, headers)), plan)
    from galleria_action.edge.probe.judging import Grade

    wrong, around = seen.graded(Grade.WRONG), seen.graded(Grade.AROUND)
    if not (wrong or around):
        context.say(f"Visitors get what was deployed: {seen.looked_at} addresses{seen.about_caches}")
        context.tell(Probed(Sight.PASSED))
        return
    context.tell(Probed(Sight.FAILED))
    failed = Unseen(
        f"Visitors do not get what was deployed: {_told(seen, (*wrong, *around))}, {seen.seconds:.0f} s after the "
        "deploy.",
        hint=_HINT,
        findings=_findings((*wrong, *around)),
    )
    failed.mendable = bool(wrong)
    if wanted is Probe.WARN:
        context.warn(f"{failed.message} {failed.hint}")
        return
    raise failed


_HINT = (
    "If a cache needs longer, raise probe-timeout, or name it in cdn to have it purged. Else look for a rule of the "
    "CDN, the web server or DNS that stands between."
)


_HINT_ON_TRIAL = (
    f"It has to choose who is on trial by the cookie {VISITOR_COOKIE}: see the description of live.json "
    "(schemas/live.schema.json)."
)


def probing_trial(context: Context, wanted: Wanted) -> Callable[[Work, Canary], None]:
    """What looks at a gallery on trial, which holds what is ``wanted``, as one of the visitors who get it. What stands
    around it, such as a certificate, is the affair of the look at the end: no trial would mend it."""

    def look(work: Work, canary: Canary) -> None:
        asked = context.options.edge.probe
        if asked is Probe.OFF or context.visited_at is None:
            return
        assert work.slot is not None
        document, before = wanted.document or work.remote.metadata_base, work.remote.manifest.objects
        stored = _stored(context, headers_of(wanted, work.plan))
        deployed = _deployed(work.slot.manifest, document, work.plan, before, stored)
        cookie = f"{VISITOR_COOKIE}={canary.a_visitor()}"
        assert work.hold is not None
        with work.hold.beating(lambda: work.stop.requested):
            seen = _look(context, deployed, work.plan, cookie)
        from galleria_action.edge.probe.judging import Grade

        wrong = seen.graded(Grade.WRONG)
        if not wrong:
            context.say(f"One of them gets what was deployed: {seen.looked_at} addresses{seen.about_caches}")
            return
        text = f"Visitors on trial ({canary.percent} % of all) do not get what was deployed: {_told(seen, wrong)}."
        context.tell(Probed(Sight.FAILED))
        if asked is Probe.WARN:
            context.warn(f"{text} {_HINT}")
            return
        raise ProbeFailed(text, hint=f"{_HINT} {_HINT_ON_TRIAL}", findings=_findings(wrong))

    return look


def _stored(context: Context, headers: Iterable[Headers]) -> Iterable[Headers]:
    """``headers``; but a folder keeps none, and those of its web server are the web server's affair."""
    return () if context.target.endpoint == FOLDER else headers


def _told(seen: Seen, wrong: Sequence[Remark]) -> str:
    return f"{wrong[0]}. So it is with {len({it.key for it in wrong})} of {seen.looked_at} addresses"


def _findings(wrong: Sequence[Remark]) -> list[Finding]:
    return [Finding(f"as visitors see it: {it}") for it in wrong]


def headers_of(local: Wanted, plan: Plan) -> set[Headers]:
    """The headers that the objects of a deploy may have been stored with."""
    photos = getattr(local, "photos", None) or ()
    site = getattr(local, "site", None) or ()
    files = (file for photo in photos for file in photo.files)
    return {
        *(file.headers for file in (*files, *site)),
        *(up.file.headers for up in plan.uploads),
        *(copy.headers for copy in plan.copies),
    }


def _look(context: Context, deployed: Deployed, plan: Plan | None, cookie: str = "") -> Seen:
    """What a visitor sees, who has the ``cookie``. Says what is odd about it."""
    from galleria_action.edge.probe.expected import looked_at
    from galleria_action.edge.probe.judging import Grade
    from galleria_action.edge.probe.visitor import Visitor
    from galleria_action.net.network import Network

    options = context.options
    url = context.visited_at
    assert url
    cors = {Cors.REQUIRE: Grade.AROUND, Cors.WARN: Grade.ODD, Cors.SKIP: None}[options.checks.cors]
    visitor = Visitor(
        url,
        Network.of(context.environ),
        float(options.edge.probe_timeout),
        context.stop.pause,
        None if context.target.endpoint == FOLDER else cors,
        cookie,
    )
    with context.phase("Probe"):
        seen = visitor.look(looked_at(deployed, plan.plan_id if plan else context.now().date().isoformat()))
        context.stop.check()
    odd = {it.text.partition(" (")[0]: it for it in reversed(seen.graded(Grade.ODD))}
    context.warn_all(f"As visitors see it (and perhaps not there alone): {it}" for it in list(odd.values())[:_SHOWN])
    return seen


def _deployed(
    manifest: Manifest,
    document: Commit | Base | None,
    plan: Plan | None,
    before: Mapping[str, ManifestEntry],
    headers: Iterable[Headers],
) -> Deployed:
    from galleria_action.deployment.model import Commit
    from galleria_action.edge.probe.expected import Deployed, Expected
    from galleria_action.gallery.keys import METADATA_KEY

    known = {it.digest(): it for it in headers}
    size, own = (document.size, document.headers) if isinstance(document, Commit) else (None, None)
    own = own if known else None
    metadata = Expected(METADATA_KEY, document.sha256, size, own) if document else None
    if plan is None:
        return Deployed(metadata, manifest, headers=known)
    changed = [*(up.key for up in plan.uploads), *(copy.key for copy in plan.copies)]
    gone = {it.key: before[it.key] for it in plan.deletes if it.key in before}
    return Deployed(metadata, manifest, changed, gone, known)
