"""The publish of what lies in the pool already: of a rollback, or of a release of another environment."""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.order import Moment, photos_first
from galleria_action.deployment.apply.publishing import copied, side_by_side
from galleria_action.deployment.apply.steps import record_ahead
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.events import Publishing, Stored
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.model import Copy, Reason
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import pool_key
from galleria_action.quantities import count
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Restore:
    """Copies inside the service: photos, what pages need, pages. ``recorded`` is what the bucket's record says of each
    key then, but for the ETags that the copies get. What was staged in its place already stays there. The bytes come
    from the pool, or from a whole gallery in a ``slot``."""

    recorded: Mapping[str, ManifestEntry]
    said: str = "Bringing back {} that had been kept"
    slot: Layout | None = None
    moment: Moment = Moment.PUBLISH

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        self._as_they_are(work)
        in_place = work.uploader.done.entries
        copies = [copy for copy in work.plan.copies if copy.key not in in_place]
        if not copies:
            return
        assert work.hold is not None
        work.stop.check()
        work.hold.touch()
        work.tell(Publishing(True))
        work.say(self.said.format(count(len(copies), "object")))
        with work.hold.beating(lambda: work.stop.requested), Beside(work.uploader.concurrency) as beside:
            coming = self._coming(work, copies)
            if coming is not None:
                beside.begin(record_ahead(work, coming))
            for batch in photos_first(copies):
                side_by_side(batch, lambda copy: self._one(work, copy), work.uploader.concurrency)

    def _as_they_are(self, work: Work) -> None:
        """What lies there already as it was then may have been recorded in another way."""
        coming, objects = {copy.key for copy in work.plan.copies}, work.remote.manifest.objects
        for key, entry in self.recorded.items():
            now = objects.get(key)
            if entry == now or key in coming:
                continue
            if now and replace(entry, etag=now.etag) != now:
                work.uploader.done.entries[key] = replace(entry, etag=now.etag)

    def _one(self, work: Work, copy: Copy) -> None:
        work.stop.check()
        assert work.hold is not None
        work.hold.still()
        etag = copied(work.store, self._source(copy), copy.key, copy.headers)
        if entry := self.recorded.get(copy.key):
            work.uploader.done.entries[copy.key] = replace(entry, etag=etag)
        work.tell(Stored(copy.key, 0, copy.photo))

    def _coming(self, work: Work, copies: list[Copy]) -> dict[str, ManifestEntry] | None:
        """What the record says of ``copies`` then, if each has the ETag of what is copied; ``None`` where that was
        brought a moment ago."""
        there = work.remote.listing or {}
        of = {copy.key: self._source(copy) for copy in copies if copy.key in self.recorded}
        if not there.keys() >= set(of.values()):
            return None
        return {key: replace(self.recorded[key], etag=there[source].etag) for key, source in of.items()}

    def _source(self, copy: Copy) -> str:
        if self.slot:
            return self.slot.lies_at(copy.key)
        return copy.key if copy.reason is Reason.HEADERS else pool_key(copy.source.sha256)
