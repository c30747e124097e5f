"""The last question: do visitors get what was deployed? Nothing of this is imported, nor asked, without ``probe``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Probed, Sight
from galleria_action.errors import Finding, ProbeFailed
from galleria_action.options.checks import Cors
from galleria_action.options.edge import Probe
from galleria_action.storage.settings import FOLDER
from galleria_action.usecases.context import Context

if TYPE_CHECKING:
    from galleria_action.deployment.galleries import Wanted
    from galleria_action.deployment.model import Base, Commit, Plan
    from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
    from galleria_action.edge.probe.expected import Deployed
    from galleria_action.edge.probe.visitor import Seen, Visitor
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
    seen = _look(context, deployed(context, manifest, document, plan, before or {}, headers), plan)
    from galleria_action.edge.probe.judging import Grade

    odd = {it.text.partition(" (")[0]: it for it in reversed(seen.graded(Grade.ODD))}
    context.warn_all(f"As visitors see it (and perhaps not there alone): {it}" for it in list(odd.values())[:_SHOWN])
    wrong, around = seen.graded(Grade.WRONG), seen.graded(Grade.AROUND)
    if not (wrong or around):
        context.say(f"Visitors get what was deployed: {seen.looked_at} addresses{seen.about_caches}")
        context.tell(Probed(Sight.PASSED))
        return
    context.tell(Probed(Sight.FAILED))
    first = (*wrong, *around)[0]
    failed = Unseen(
        f"Visitors do not get what was deployed: {first}. So it is with {len({it.key for it in (*wrong, *around)})} of "
        f"{seen.looked_at} addresses, {seen.seconds:.0f} s after the deploy.",
        hint="If a cache needs longer, raise probe-timeout, or name it in cdn to have it purged. Else look for a rule "
        "of the CDN, the web server or DNS that stands between.",
        findings=[Finding(f"as visitors see it: {it}") for it in (*wrong, *around)],
    )
    failed.mendable = bool(wrong)
    if wanted is Probe.WARN:
        context.warn(f"{failed.message} {failed.hint}")
        return
    raise failed


def headers_of(local: Wanted, plan: Plan) -> Iterator[Headers]:
    """The headers that the objects of a deploy may have been stored with; found out by who asks for them."""
    for photo in getattr(local, "photos", None) or ():
        yield from (file.headers for file in photo.files)
    yield from (file.headers for file in getattr(local, "site", None) or ())
    yield from (up.file.headers for up in plan.uploads)
    yield from (copy.headers for copy in plan.copies)


def _look(context: Context, deployed: Deployed, plan: Plan | None) -> Seen:
    from galleria_action.edge.probe.expected import looked_at

    assert context.visited_at
    visitor = visitor_of(context, context.visited_at)
    with context.phase("Probe"):
        seen = visitor.look(looked_at(deployed, plan.plan_id if plan else context.now().date().isoformat()))
        context.stop.check()
    return seen


def visitor_of(context: Context, url: str, cookie: Callable[[], str] = str) -> Visitor:
    """A visitor of the gallery at ``url``, who brings ``cookie`` along."""
    from galleria_action.edge.probe.judging import Grade
    from galleria_action.edge.probe.visitor import Visitor
    from galleria_action.net.network import Network

    options = context.options
    cors = {Cors.REQUIRE: Grade.AROUND, Cors.WARN: Grade.ODD, Cors.SKIP: None}[options.checks.cors]
    return Visitor(
        url,
        Network.of(context.environ),
        float(options.edge.probe_timeout),
        context.stop.pause,
        None if context.target.endpoint == FOLDER else cors,
        cookie=cookie,
    )


def deployed(
    context: Context,
    manifest: Manifest,
    document: Commit | Base | None,
    plan: Plan | None,
    before: Mapping[str, ManifestEntry],
    headers: Iterable[Headers],
) -> Deployed:
    """What visitors are expected to get, as ``probe`` is told."""
    from galleria_action.deployment.model import Commit
    from galleria_action.edge.probe.expected import Deployed, Expected
    from galleria_action.gallery.keys import METADATA_KEY

    # a folder keeps no headers: those of its web server are the web server's affair
    known = {} if context.target.endpoint == FOLDER else {it.digest(): it for it in headers}
    size, own = (document.size, document.headers) if isinstance(document, Commit) else (None, None)
    own = own if known else None
    metadata = Expected(METADATA_KEY, document.sha256, size, own) if document else None
    if plan is None:
        return Deployed(metadata, manifest, headers=known)
    changed = [*(up.key for up in plan.uploads), *(copy.key for copy in plan.copies)]
    gone = {it.key: before[it.key] for it in plan.deletes if it.key in before}
    return Deployed(metadata, manifest, changed, gone, known)
