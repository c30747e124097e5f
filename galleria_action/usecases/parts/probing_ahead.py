"""Before visitors are sent to a slot: would they get what lies there? Where a slot can be asked for, it is.

Nothing of this is imported, nor asked, without ``probe``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from galleria_action.deployment.events import Probed, Sight
from galleria_action.edge.routers.kinds import Ahead
from galleria_action.errors import Finding, ProbeFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.options.edge import Probe
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.probing import deployed, headers_of, visitor_of

if TYPE_CHECKING:
    from galleria_action.deployment.apply.work import InSlot, Work
    from galleria_action.edge.probe.visitor import Seen, Visitor


def look_ahead(context: Context, work: Work) -> None:
    """Look as a visitor at the slot of ``work``, where it can be asked for; where not, that is said.

    Raises ``ProbeFailed`` where that is asked for: nobody was sent there then.
    """
    how, slot = context.options.strategy.router.can.ahead, work.slot
    if context.options.edge.probe is Probe.OFF or context.visited_at is None or slot is None:
        return
    if how is Ahead.NOWHERE:
        router = context.options.strategy.router.kind
        context.say(
            f"With router: {router} nobody can ask for {slot.layout.folder} before the switch; it is probed after."
        )
        return
    if how is Ahead.COOKIE and work.caches:
        work.caches.owe(in_place=False)  # a cache that does not tell visitors apart may take up what we ask for
    with context.phase("Probe"):
        seen = _look(context, work, slot, how)
        context.stop.check()
    if seen is None:
        context.say(
            f"{slot.layout.folder} cannot be asked for by itself here, or nothing tells it from the live gallery; it "
            "is probed after the switch."
        )
        return
    _judge(context, slot, seen)


def _look(context: Context, work: Work, slot: InSlot, how: Ahead) -> Seen | None:
    """What a visitor sees of the slot; ``None`` where the answers are not the slot's."""
    from galleria_action.edge.probe.ahead import Answers, telling, who_answers
    from galleria_action.edge.probe.expected import looked_at

    document = work.local.document or slot.metadata
    before, known = work.remote.manifest.objects, headers_of(work.local, work.plan)
    wanted = looked_at(deployed(context, slot.manifest, document, work.plan, before, known), work.plan.plan_id)
    live = {key: entry.sha256 for key, entry in before.items()}
    if base := work.remote.metadata_base:
        live[METADATA_KEY] = base.sha256
    witness = telling(wanted, live)
    if witness is None:
        return None
    visitor = _visitor(context, slot, how)
    if who_answers(how, witness, live.get(witness.key), visitor.glance(witness)) is Answers.LIVE:
        return None
    return visitor.look(wanted)


def _visitor(context: Context, slot: InSlot, how: Ahead) -> Visitor:
    from time import time

    from galleria_action.edge.probe.ahead import page_cookies

    url, folder = context.visited_at, slot.layout.folder.rstrip("/")
    assert url
    if how is Ahead.PATH:
        return visitor_of(context, f"{url}/{folder}")
    letter = folder.rpartition("/")[2]
    return visitor_of(context, url, lambda: page_cookies(letter, time()))


def _judge(context: Context, slot: InSlot, seen: Seen) -> None:
    """Only what another gallery than this might mend keeps visitors from it: the certificate is the live one's, too."""
    from galleria_action.edge.probe.judging import Grade

    wrong = seen.graded(Grade.WRONG)
    if not wrong:
        context.say(
            f"Visitors would get what lies in {slot.layout.folder}: {seen.looked_at} addresses{seen.about_caches}"
        )
        context.tell(Probed(Sight.PASSED))
        return
    context.tell(Probed(Sight.FAILED))
    failed = ProbeFailed(
        f"Visitors would not get what lies in {slot.layout.folder}: {wrong[0]}. So it is with "
        f"{len({it.key for it in wrong})} of {seen.looked_at} addresses. Nothing was switched.",
        hint="Look for a rule of the CDN, the web server or the edge's code that stands between; if a cache needs "
        "longer, raise probe-timeout, or name it in cdn to have it purged.",
        findings=[Finding(f"before the switch: {it}") for it in wrong],
    )
    if context.options.edge.probe is Probe.WARN:
        context.warn(f"{failed.message.replace(' Nothing was switched.', '')} {failed.hint}")
        return
    raise failed
