"""The steps that show a gallery in a slot to visitors: to a share of them, to all, or to nobody yet."""

from __future__ import annotations

from contextlib import suppress

from galleria_action.deployment.apply.live import LiveManifest
from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.steps import committing, look_again
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.writing import check_base
from galleria_action.deployment.events import Committed
from galleria_action.deployment.routing.router import Router, Routing, Seen, Slots
from galleria_action.deployment.slots.fill import claim, prove, wait
from galleria_action.deployment.slots.staged import STAGED_KEY, Staged
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.errors import Cancelled, GalleriaError
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import RECORD_HEADERS
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class TakeUp:
    """Claims the right to publish what waits in a slot already."""

    slots: Slots
    moment: Moment = Moment.FILL

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``Conflict`` where visitors were sent elsewhere, or the slot holds another
        gallery."""
        work.stop.check()
        assert work.slot is not None
        claim(work, self.slots)
        for key, base in ((METADATA_KEY, work.slot.metadata), (MANIFEST_KEY, work.slot.base)):
            check_base(work.slot.store, key, base)


@dataclass(frozen=True, slots=True)
class PutAside:
    """Leaves the gallery in its slot, and writes down that it may be promoted."""

    slots: Slots
    strategy: str
    moment: Moment = Moment.ASIDE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        work.stop.check()
        assert work.slot is not None
        look_again(work)
        holds = work.slot.metadata or work.slot.base
        remote = work.remote
        live = remote.metadata_base or (remote.manifest_base if remote.mode else None)
        staged = Staged(
            slot=work.slot.layout,
            live=self.slots.live,
            base=live.sha256 if live else None,
            holds=holds.sha256,
            plan_id=work.plan.plan_id,
            strategy=self.strategy,
            at=self.slots.now(),
            taken_from=work.terms.taken_from,
        )
        self.slots.store.put(STAGED_KEY, staged.to_bytes(), RECORD_HEADERS)


@dataclass(frozen=True, slots=True)
class Try:
    """Sends a growing share of the visitors to the slot, ``percent`` after ``percent``; looks at it again after so many
    ``seconds``, and takes all of them back at the first failure. With ``stays`` the last share is left to a person."""

    slots: Slots
    percent: tuple[int, ...]
    seconds: float
    stays: bool = False
    moment: Moment = Moment.TRY

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        router, slot = self.slots.router, work.slot
        assert router is not None
        assert slot is not None
        seen = self.slots.seen
        try:
            for percent in self.percent:
                work.stop.check()
                look_again(work)
                routing = replace(seen.routing, since=self.slots.now()).on_trial(
                    slot.layout, percent, work.plan.plan_id
                )
                seen = router.send(routing, seen)
                router.wait(seen, work.stop.pause, work.stop.check)
                work.say(f"{percent} % of the visitors get the new gallery")
                if not (self.stays and percent == self.percent[-1]):
                    wait(work, self.seconds)
                prove(work, slot)
        except Cancelled:
            raise  # nothing more is written; the next run takes them back
        except GalleriaError:
            with suppress(GalleriaError):
                router.send(Routing(self.slots.live, self.slots.now()), seen)
                work.say("All visitors get the gallery that was live before.")
            raise
        work.seen = seen


@dataclass(frozen=True, slots=True)
class Switch:
    """Sends all visitors to the slot, looks whether they get there, and sends them back if not."""

    slots: Slots
    moment: Moment = Moment.SWITCH

    def run(self, work: Work) -> None:
        """See ``Step.run``. Raises ``Conflict`` where somebody else has sent visitors elsewhere meanwhile."""
        work.stop.check()
        look_again(work)
        router, slot = self.slots.router, work.slot
        assert router is not None
        assert slot is not None
        before = work.seen or self.slots.seen
        work.say(f"Switching to {slot.layout.folder}")
        with committing(work, document=work.plan.commit is not None):
            seen = router.send(before.routing.switched(slot.layout, self.slots.now()), before)
        self._look(work, router, before, seen)
        work.store, work.committed, work.seen = slot.store, slot.metadata, seen
        work.record = LiveManifest(slot.store, work.local, slot.manifest, slot.base, work.stop.check)

    def _look(self, work: Work, router: Router, before: Seen, seen: Seen) -> None:
        slot = work.slot
        assert slot is not None
        try:
            router.wait(seen, work.stop.pause, work.stop.check)
            if router.look().routing.live == slot.layout:
                for key, base in ((METADATA_KEY, slot.metadata), (MANIFEST_KEY, slot.base)):
                    check_base(slot.store, key, base)
        except Cancelled:
            raise
        except GalleriaError as error:
            router.send(Routing(before.routing.live, self.slots.now()), seen)
            work.tell(Committed(False))
            error.message += " Visitors were sent back to the gallery that was live before."
            raise
