"""The steps of a deploy. Each is a small value; what they share is in ``Work``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.keep import claiming_ahead, keep_document_ahead
from galleria_action.deployment.apply.order import Moment, photos_first
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.writing import Unsettled, check_base, commit
from galleria_action.deployment.events import Began, Committed, Ended, Warned
from galleria_action.deployment.model import Base, Commit, Reason, Upload
from galleria_action.deployment.remote.reading import find_missing
from galleria_action.deployment.state.manifest import Leaving, ManifestEntry
from galleria_action.errors import Conflict, Finding, StorageUnavailable
from galleria_action.quantities import count
from galleria_action.values import dataclass

NARROWED = (
    "This storage does not support conditional writes: another deploy at the very same moment could have been "
    "overwritten. The window is narrowed, not closed; it closes where only one deploy runs at a time (in a workflow: "
    "`concurrency: gallery`)."
)

#: While no more than that is sent, others may wait. They look once a second whether they still have to, in which time a
#: runner sends it; and a line of 10 Mbit/s takes less for it than the time for which they wait for one that is dead.
WORTH_WAITING_BYTES = 16 << 20
#: and while what is left takes no longer than until they look again
WORTH_WAITING_SECONDS = 1.0
#: between two batches a stop signal is heard, and another deploy noticed
_DELETE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Stage:
    """Uploads: photos first, then what pages need, then the pages, so that no page shows what is not there yet.

    Keys that nobody names are written in place; what would replace a live object goes into the pool. What is done
    already was done by shards, on other machines. While little is left of it, what comes next ``claims``.
    """

    claims: bool = False
    moment: Moment = Moment.STAGE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if self.claims:
            keep_document_ahead(work)
        done, only_headers = work.uploader.done, {up.key for up in work.only_headers}
        waiting = (up for up in work.plan.uploads if up.key not in done.entries and up.key not in done.staged)
        left = [up for up in waiting if up.key not in only_headers]
        work.tell(Began("Uploaded", len(left), sum(up.size for up in left)))
        try:
            with self._claiming(work, left):
                for title, batch in zip(("photos", "site assets", "site pages"), photos_first(left), strict=True):
                    if batch:
                        work.say(f"Uploading {count(len(batch), 'file')}: {title}")
                        work.sender.upload(batch)
        finally:
            work.tell(Ended())
            work.tell(work.uploader.done.summary())

    def _claiming(self, work: Work, left: Sequence[Upload]) -> AbstractContextManager[None]:
        if not self.claims or not left or work.hold or work.uploader.concurrency == 1:
            return nullcontext()
        return claiming_ahead(work, _nearly_sent(work, left))


def _nearly_sent(work: Work, left: Sequence[Upload]) -> Callable[[], bool]:
    """What tells whether others can wait for what is not sent yet of ``left``, at the pace so far. What turns out to be
    there already is not counted, which makes it later."""
    done, size, began = work.uploader.done, sum(up.size for up in left), time.monotonic()
    before = done.bytes_sent

    def nearly() -> bool:
        sent, seconds = done.bytes_sent - before, time.monotonic() - began
        missing = size - sent
        return missing <= WORTH_WAITING_BYTES or missing * seconds <= sent * WORTH_WAITING_SECONDS

    return nearly


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Writes down what is there and what is to go, before the commit: after it nothing else names the latter."""

    moment: Moment = Moment.RECORD

    def run(self, work: Work) -> None:
        """See ``Step.run``. What is to be proved is looked at beside it."""
        work.stop.check()
        with stop_first(work), Beside(work.uploader.concurrency) as beside:
            beside.begin(lambda: _write_record(work))
            work.vanished = _vanished_from(work)


@dataclass(frozen=True, slots=True)
class Prove:
    """What this run brought is nobody's until it is committed, so another deploy may have taken it for orphans."""

    moment: Moment = Moment.PROVE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        work.stop.check()
        with stop_first(work):
            missing = _vanished_from(work) if work.vanished is None else work.vanished
        if missing:
            raise _vanished(missing)


def _vanished_from(work: Work) -> tuple[str, ...]:
    """What this run brought and is not there any more."""
    named = work.remote.named_keys() | work.remote.manifest.of_kind("site").keys()
    return find_missing(work.store, work.uploader.done.entries.keys() - named, work.uploader.concurrency)


@dataclass(frozen=True, slots=True)
class CommitDocument:
    """One conditional write of the metadata; where it is live already, only a look whether it still is."""

    document: Commit
    moment: Moment = Moment.COMMIT

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        look_again(work)
        key, base = self.document.key, work.plan.base
        if work.plan.commit is None:
            with stop_first(work):
                check_base(work.store, key, base)
            work.committed = base
            work.tell(Committed(True))
        else:
            work.say(f"Committing {key}")
            with committing(work, document=True):
                done = commit(work.store, key, self.document.body, self.document.headers, base)
                work.record.narrowed |= done.narrowed
                work.committed = Base(self.document.sha256, done.etag)
        _warn_if_narrowed(work)


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """Without a metadata document of its own a deploy commits by its record."""

    moment: Moment = Moment.COMMIT

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        look_again(work)
        work.say("Committing the manifest")
        with committing(work, document=False):
            _write_record(work)
        _warn_if_narrowed(work)


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes what the plan names, what fails a second time; notes what remains. Our claim keeps others from publishing
    meanwhile what is just being deleted."""

    moment: Moment = Moment.DELETE

    def run(self, work: Work) -> None:
        """See ``Step.run``."""
        if not work.plan.deletes:
            return
        gone = len(work.plan.deletes)
        work.say(f"Deleting {gone:,} {'object that is' if gone == 1 else 'objects that are'} gone from the gallery")
        assert work.over is not None
        with _after_commit(), work.over.beating(lambda: work.stop.requested):
            left = self._delete(work, work.over, [gone.key for gone in work.plan.deletes])
            if left:
                self._check_live(work)
                work.undeleted |= self._delete(work, work.over, list(left))
        work.tell_deletes()
        # a delete on its way may have met what another deploy needs
        work.last_look = work.beside.begin(lambda: self._look_after(work))

    def _look_after(self, work: Work) -> None:
        with _after_commit():
            self._check_live(work)

    def _delete(self, work: Work, hold: Hold, keys: list[str]) -> dict[str, str]:
        """The live gallery has been looked at: at first by the commit itself."""
        errors: dict[str, str] = {}
        for start in range(0, len(keys), _DELETE_BATCH):
            if start:
                self._check_live(work)
            hold.sure()
            work.stop.check()
            errors.update(work.store.delete(keys[start : start + _DELETE_BATCH]))
        return errors

    def _check_live(self, work: Work) -> None:
        """Raise ``Conflict`` when somebody wrote since the commit: what we delete, the next gallery may name again."""
        with Beside(work.uploader.concurrency) as beside:
            if document := work.local.document:
                beside.begin(lambda: check_base(work.store, document.key, work.committed))
            beside.begin(work.record.refresh)


def record_ahead(work: Work, coming: Mapping[str, ManifestEntry]) -> Callable[[], None]:
    """What writes the record while live objects get what it tells of, where that is known by now: of what is ``coming``
    beside what was brought. Whoever finds a publish that has begun, and whose document is not live, takes back what the
    record says with the objects. Where nothing but the record tells that it was committed, it waits for them."""
    commit, base = work.plan.commit, work.remote.metadata_base
    if commit is None or (base and base.sha256 == commit.sha256) or not work.copies_alike:
        return lambda: None
    entries = {**work.uploader.done.entries, **coming}

    def write() -> None:
        work.stop.check()
        with stop_first(work):
            _write_record(work, entries)
        work.written = entries

    return write


def _write_record(work: Work, entries: Mapping[str, ManifestEntry] | None = None) -> None:
    """With what is to be deleted. Orphans are not written down: a listing finds them again."""
    entries = work.uploader.done.entries if entries is None else entries
    if entries == work.written:
        return
    gone = (gone for gone in work.plan.deletes if gone.reason is not Reason.ORPHAN)
    leaving = {it.key: Leaving(it.photo, work.remote.etag_of(it.key)) for it in gone}
    work.record.write(entries, leaving)


def look_again(work: Work) -> None:
    """Raise, right before the commit, ``Conflict`` when somebody has taken our publish over, which means: back; and
    ``Cancelled`` when we are asked to stop."""
    if work.hold:
        with stop_first(work):
            work.hold.sure()
    work.stop.check()


def _warn_if_narrowed(work: Work) -> None:
    if work.record.narrowed:
        work.tell(Warned(NARROWED))


@contextmanager
def stop_first(work: Work) -> Iterator[None]:
    """Asked to stop, the store tries no more; then that is the reason."""
    try:
        yield
    except StorageUnavailable:
        work.stop.check()
        raise


@contextmanager
def committing(work: Work, *, document: bool) -> Iterator[None]:
    """The commit takes place. Meanwhile, and when its outcome could not be learnt, nobody knows whether the commit has
    happened."""
    work.tell(Committed(None))
    with stop_first(work):
        try:
            yield
        except Unsettled:
            raise
        except BaseException:
            work.tell(Committed(False))
            raise
    work.tell(Committed(True, document))


@contextmanager
def _after_commit() -> Iterator[None]:
    try:
        yield
    except Conflict as lost:
        raise Conflict(
            "The gallery was committed, but another deploy has written since. What remains to be deleted is left to "
            "the next run, because the other gallery may need it.",
            hint="Run again when the other one has ended. A `concurrency:` group in the workflow keeps them apart.",
        ) from lost


def _vanished(keys: tuple[str, ...]) -> Conflict:
    return Conflict(
        f"{len(keys)} objects that this deploy had uploaded are gone: another deploy or program deletes in the same "
        "place. Nothing was committed; the gallery that visitors see is as before.",
        hint="Run again when the other one has ended. A `concurrency:` group in the workflow keeps them apart.",
        findings=[Finding(f"gone: {key}") for key in keys],
    )
