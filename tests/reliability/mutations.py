"""Proof that the tests of the must-rules can fail: each rule is switched off once, and its test has to notice.

    python -m tests.reliability.mutations [name …]

The project is copied to a temporary folder, one named change is made to the copy (a text that must occur exactly once),
and the tests that guard the rule run against it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COPIED = ("galleria_action", "tests", "schemas", "entrypoint.py", "pyproject.toml", "action.yml")

#: pytest's exit codes: tests failed, as opposed to tests that could not be collected or were not found
_NOTICED = 1


class Misapplied(Exception):
    """The code has moved on, and the mutation does not say any more what to change."""


@dataclass(frozen=True)
class Mutation:
    """``rule`` is the number of the must-rule; ``edits`` are (old, new) in ``file``; ``tests`` must fail then."""

    rule: int
    file: str
    edits: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]

    def apply(self, root: Path) -> None:
        path = root / "galleria_action" / self.file
        text = path.read_text(encoding="utf-8")
        for old, new in self.edits:
            if text.count(old) != 1:
                raise Misapplied(f"{self.file} has {text.count(old)} times: {old}")
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def _one(rule: int, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(rule, file, ((old, new),), tests)


_CRASH = "tests/reliability/test_crash.py::"
_PAIRS = "tests/reliability/test_two_deploys.py::"
_SECRETS = "tests/reliability/test_secrets.py::"
_FAILURES = "tests/doors/test_failures.py::"
_PERSISTENCE = "tests/storage/test_persistence.py::"
_CONDITIONS = "tests/storage/test_conditions.py::"
_VERIFICATION = "tests/doors/test_verification.py::"
_SHARDS, _DOOR_SHARDS = "tests/reliability/test_shards.py::", "tests/doors/test_shards.py::"

MUTATIONS = {
    "deletes before the commit": Mutation(
        1,
        "deployment/apply/deploy.py",
        (
            ("        self._commit()\n        try:", "        self._delete()\n        self._commit()\n        try:"),
            ("            self._check_live()\n", ""),
        ),
        (_CRASH + "test_killed_at_every_request",),
    ),
    "commits after a failed upload": _one(
        1, "deployment/apply/upload.py", "        if batch.failures:\n", "        if False:\n",
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "commits whatever became of the uploads": _one(
        1, "deployment/apply/deploy.py", "        if missing:\n", "        if False:\n",
        _PAIRS + "test_orphans_are_not_deleted_from_under_a_deploy_that_uploads_them",
    ),
    "deletes whoever committed since": _one(
        1, "deployment/apply/deploy.py", "            self._check_live()\n", "",
        _PAIRS + "test_one_goes_by_at_every_request_of_the_other",
    ),
    "loses a worker that dies": _one(
        1, "deployment/apply/upload.py",
        "            except BaseException as defect:", "            except ZeroDivisionError as defect:",
        _CRASH + "test_a_worker_that_dies_is_no_success",
    ),
    "no guard": _one(
        2, "deployment/guards.py", "    if not limit.allows(gone, remote):\n", "    if False:\n",
        _FAILURES + "test_delete_guard",
    ),
    "deletes orphans unasked": _one(
        2, "deployment/planner.py", "    if delete_orphans and remote.base:\n", "    if remote.base:\n",
        "tests/deployment/test_planner.py", _FAILURES + "test_orphans_are_deleted_by_a_deploy_that_is_asked_to",
    ),
    "takes half a listing for all": _one(
        2, "storage/s3/listing.py",
        '        raise BadListing("a truncated listing without a continuation")', "        pass",
        "tests/storage/test_bad_answers.py",
    ),
    "deletes after a conflict": Mutation(
        2,
        "deployment/apply/deploy.py",
        (
            (
                "            self._commit_metadata(self.document)\n",
                "            try:\n"
                "                self._commit_metadata(self.document)\n"
                "            except Conflict:\n"
                "                self._delete()\n"
                "                raise\n",
            ),
            ("            self._check_live()\n", ""),
        ),
        (_FAILURES + "test_conflict",),
    ),
    "forgets what is to be deleted": _one(
        2, "deployment/state/record.py",
        "        going |= {gone.key: gone.photo for gone in leaving if gone.reason is not Reason.ORPHAN}\n", "",
        _CRASH + "test_killed_at_every_request",
    ),
    "takes a lost answer for a failure": _one(
        3, "deployment/apply/commit.py", "    if live and live.body == body:\n", "    if False:\n",
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "takes a lost answer for a success": _one(
        3, "deployment/apply/commit.py",
        "    except StorageUnavailable as error:\n        return _settled(store, key, body, base, error)\n\n\n"
        "def _commit_narrowed",
        '    except StorageUnavailable:\n        return Commit("")\n\n\ndef _commit_narrowed',
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "is deaf to signals": _one(
        4, "deployment/stop.py",
        "        if self.requested:\n            raise", "        if False:\n            raise",
        _CRASH + "test_stopped_at_every_request",
    ),
    "commits after a signal": _one(
        4, "deployment/apply/deploy.py",
        "        self.stop.check()\n        if self.plan.commit:\n", "        if self.plan.commit:\n",
        _CRASH + "test_stopped_at_every_request",
    ),
    "uploads after a signal": Mutation(
        4,
        "deployment/apply/upload.py",
        (
            ("batch.next()) and not self.stop.requested:\n", "batch.next()):\n"),
            ("batch.closed or self.stop.requested:\n", "batch.closed:\n"),
            ("worker.is_alive() and not self.stop.requested:\n", "worker.is_alive():\n"),
        ),
        (_CRASH + "test_stopped_at_every_request",),
    ),
    "uploads everything again": _one(
        5, "deployment/apply/upload.py",
        "        if found is None or found.size != len(prepared.body):\n", "        if True:\n",
        _CRASH + "test_killed_at_every_request",
    ),
    "believes in names and sizes": _one(
        5, "deployment/apply/upload.py", "        if not is_md5(found.etag, prepared.body):\n", "        if False:\n",
        "tests/reliability/test_resume.py::test_a_checkpoint_proves_nothing_that_the_listing_does_not",
    ),
    "records after the commit": _one(
        5, "deployment/apply/deploy.py",
        "            self._write_record(planned)\n            self._prove_uploads()\n"
        "            self._commit_metadata(self.document)\n",
        "            self._prove_uploads()\n            self._commit_metadata(self.document)\n"
        "            self._write_record(planned)\n",
        _CRASH + "test_killed_at_every_request",
    ),
    "leaves the checkpoint": _one(
        5, "commands/deploy.py",
        "    manifest = _deployed(session, store, planned, checkpoint, done)\n    _forget(session, checkpoint)\n",
        "    manifest = _deployed(session, store, planned, checkpoint, done)\n",
        _CRASH + "test_killed_at_every_request",
    ),
    "depends on its checkpoint": _one(
        5, "deployment/state/checkpoint.py",
        "        except (GalleriaError, OSError) as error:\n", "        except ZeroDivisionError as error:\n",
        "tests/reliability/test_resume.py::test_a_deploy_does_not_depend_on_its_checkpoint",
    ),
    "commits unconditionally": _one(
        6, "deployment/apply/commit.py",
        "        return Commit(store.put(key, body, headers, condition))\n",
        "        return Commit(store.put(key, body, headers))\n",
        _PAIRS + "test_one_goes_by_at_every_request_of_the_other",
    ),
    "overwrites the record of another": _one(
        6, "deployment/state/record.py", "            raise conflict(MANIFEST_KEY)\n", "            pass\n",
        _PAIRS + "test_one_goes_by_at_every_request_of_the_other", _PAIRS + "test_interleaved_at_random",
    ),
    "does not look before a narrowed commit": _one(
        6, "deployment/apply/commit.py",
        "headers, IfSeen(base.etag if base else None)), narrowed=True)", "headers), narrowed=True)",
        _PAIRS + "test_without_conditional_writes_the_window_is_narrowed_and_said_so",
    ),
    "writes during a dry run": _one(
        7, "commands/deploy.py", "    if session.options.dry_run:\n", "    if False:\n",
        "tests/doors/test_order.py::test_reading_commands_send_nothing_that_writes",
    ),
    "could write during a plan": _one(
        7, "commands/session.py",
        "        return ReadOnlyStore(self.recorded_store())\n", "        return self.recorded_store()\n",
        "tests/doors/test_order.py::test_a_dry_run_is_handed_a_store_that_cannot_write",
    ),
    "ends well without verifying": _one(
        8, "commands/deploy.py", "    judge_verification(session)\n", "",
        _PAIRS + "test_a_delete_on_its_way_is_found_by_the_verification",
    ),
    "takes presence for proof": _one(
        8, "deployment/remote/verification.py",
        "    return found is not None and (found.size, found.etag) != (entry.size, entry.etag)\n", "    return False\n",
        _FAILURES + "test_verify_failed_by_overwritten_bytes",
    ),
    "gives up at the first fault": _one(
        3, "storage/persistence.py", "                if attempt >= most or ", "                if True or ",
        _PERSISTENCE + "TestWhatPasses",
    ),
    "takes an empty success for one": _one(
        3, "storage/s3/s3_store.py", "    if not etag:\n        raise", "    if False:\n        raise",
        _PERSISTENCE + "TestWhatPasses::test_no_answer_of_s3",
    ),
    "keeps asking an overloaded service": _one(
        3, "storage/throttle.py", "self._limit / 2)", "self._limit)", "tests/storage/test_throttle.py",
    ),
    "tries again after a signal": _one(
        4, "storage/persistence.py", "or not self._pause(_wait(attempt, fault)):",
        "or self._pause(_wait(attempt, fault)) is None:",
        _PERSISTENCE + "TestPatience::test_no_further_try_after_a_stop",
    ),
    "commits after a signal during the probe": _one(
        4, "storage/conditions.py", "                if not self._pause(0):\n", "                if False:\n",
        _CONDITIONS + "test_no_conditional_write_after_a_stop_during_the_probe",
    ),
    "believes conditions that nobody compares": _one(
        6, "storage/conditions.py", "        if not self._proved[kind]:\n", "        if False:\n",
        _CONDITIONS + "test_a_service_without_conditions_is_recognised",
    ),
    "takes a comparison of quotes for a conflict": _one(
        6, "storage/conditions.py", "            if self._bare or not self._wants_bare_etags(key, condition):\n",
        "            if True:\n",
        _CONDITIONS + "test_a_service_with_conditions_is_believed",
    ),
    "takes a conflict of the moment for a lost race": _one(
        6, "storage/codes.py", '"ConditionalRequestConflict", "InternalError"', '"InternalError"',
        _PERSISTENCE + "TestWhatPasses::test_a_conflict_of_the_moment_is_asked_again",
    ),
    "believes that a store keeps what it was sent": _one(
        8, "deployment/remote/readback.py",
        "    return found is None or found.etag != etag or found.body == body\n", "    return True\n",
        _VERIFICATION + "TestOnTheWay",
    ),
    "verifies deep without looking at headers": _one(
        8, "deployment/remote/verification.py",
        "        same_headers = found.headers is None or found.headers.digest() == entry.headers\n",
        "        same_headers = True\n",
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "verifies deep without looking at bytes": _one(
        8, "deployment/remote/verification.py",
        "return key, same_headers and hashlib.sha256(found.body).hexdigest() == entry.sha256",
        "return key, same_headers",
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "believes the first listing after a write": _one(
        8, "commands/deploy.py", "    for seconds in LISTING_PAUSES_SECONDS:\n", "    for seconds in ():\n",
        "tests/doors/test_storage_faults.py::test_a_listing_that_is_stale_for_a_moment_is_asked_for_again",
    ),
    "commits whatever became of the shards": _one(
        1, "commands/finalize.py", "        if troubles:\n", "        if False:\n",
        _DOOR_SHARDS + "test_a_shard_that_never_ran",
    ),
    "believes shards without looking": _one(
        1, "commands/finalize.py",
        "        troubles += not_as_reported(planned.plan, reports, listing)\n", "",
        _DOOR_SHARDS + "test_objects_that_are_not_as_reported",
    ),
    "takes a shard that died for a whole one": _one(
        1, "deployment/shards.py", "    if not report.complete:\n", "    if False:\n",
        _SHARDS + "test_a_shard_killed_at_every_request", _DOOR_SHARDS + "test_a_report_that_does_not_count",
    ),
    "goes on with any plan": _one(
        2, "commands/finalize.py", "    if begun is None or not begun.covers(made):\n", "    if begun is None:\n",
        _SHARDS + "test_what_is_left_is_no_licence_for_more",
    ),
    "forgets what it was about to finalize": _one(
        5, "commands/finalize.py", "    if planned.plan.plan_id == plan_id:\n", "    if False:\n",
        _SHARDS + "test_the_last_job_killed_at_every_request",
    ),
    "forgets what was missing": _one(
        5, "commands/shard.py", "    if document and store.head(key) is None:\n", "    if False:\n",
        _SHARDS + "test_a_shard_heals_before_another_starts",
    ),
    "clears up what was missing last": _one(
        5, "commands/finalize.py",
        "        for batch in (first, [key for key in keys if key not in first]):\n",
        "        for batch in ([key for key in keys if key not in first], first):\n",
        _SHARDS + "test_the_last_job_killed_while_it_heals",
    ),
    "lets a shard run twice at once": _one(
        6, "deployment/state/checkpoint.py",
        "        commit(self.store, self.key, body, _HEADERS, self.last)\n", "        self.write(body)\n",
        _SHARDS + "test_the_same_shard_twice_at_once",
    ),
    "tells secrets in the log": _one(
        9, "ci/github/actions.py", "        self._log.write(plain_line(self.hide(text)))\n",
        "        self._log.write(plain_line(text))\n",
        _SECRETS + "test_an_error_that_carries_a_secret",
    ),
    "tells secrets in reports": _one(
        9, "run.py", "        _hush(error, ci)\n", "        pass\n",
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "tells signatures": _one(
        9, "storage/words.py", '_SIGNED.sub("…", _line(_whole_words(text, 8 * _MAX_TEXT)))', "_line(text)",
        "tests/storage/test_refusals.py", "tests/storage/test_faults.py",
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "claims to know the outcome of a commit": _one(
        3, "deployment/apply/deploy.py", "                self.committed = None\n", "                pass\n",
        _CRASH + "test_no_answer_any_more",
    ),
    "waits for ever for a body that trickles in": _one(
        3, "storage/s3/wire.py", """            raise TimeoutError("the answer trickles in")""", "            pass",
        _PERSISTENCE + "TestStalls",
    ),
    "gives a slow line no more time than a fast one": _one(
        3, "storage/s3/wire.py", "                line.sendall(view[start : start + _PIECE])",
        "                line.sendall(view) if not start else None",
        _PERSISTENCE + "TestStalls",
    ),
    "believes a listing that contradicts itself": _one(
        2, "storage/s3/listing.py", "    if token is not None and not truncated:\n", "    if False:\n",
        "tests/storage/test_bad_answers.py",
    ),
    "repeats an unconditional commit blindly (s3)": _one(
        6, "storage/s3/s3_store.py",
        "            condition.check(self._head(Call(\"head\", call.target, call.key)))\n", "",
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "repeats an unconditional commit blindly (boto3)": _one(
        6, "storage/s3/boto3_store.py", "            condition.check(self._head(key))\n", "",
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "deletes what another run is writing to a folder": _one(
        2, "storage/folder_store.py", " and time.time() - state.st_mtime > _STALE_SECONDS", "",
        "tests/storage/test_folder_store.py",
    ),
    "tells half of a secret": _one(
        9, "storage/words.py", 're.sub(r"\\S*\\Z", "…", text[: most - 1], count=1)', 'text[: most - 1] + "…"',
        "tests/storage/test_faults.py", _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "lets a pull request lead the credentials astray": _one(
        9, "run.py", "        if occasion.no_deploy and name in invocation.from_config:\n", "        if False:\n",
        "tests/doors/test_forks.py",
    ),
    "lets a region lead the credentials astray": _one(
        9, "storage/settings.py",
        "        if self.region and not _REGION.fullmatch(self.region):\n", "        if False:\n",
        "tests/storage/test_settings.py",
    ),
}  # fmt: skip


def check(name: str) -> None:
    """Raise ``AssertionError`` when nobody notices, ``Misapplied`` when the mutation does not fit the code any more."""
    mutation = MUTATIONS[name]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "copy")
        _copy(root)
        mutation.apply(root)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *mutation.tests],
            cwd=root,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == _NOTICED, f"{name}: pytest ended with {done.returncode}\n{done.stdout[-3000:]}"


def _copy(root: Path) -> None:
    root.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)


def main(names: Iterable[str]) -> int:
    """Check some or all; prints what was noticed."""
    missed = 0
    for name in names or MUTATIONS:
        try:
            check(name)
            print(f"rule {MUTATIONS[name].rule}: {name}: noticed", flush=True)
        except (AssertionError, Misapplied) as problem:
            missed += 1
            print(f"rule {MUTATIONS[name].rule}: {name}: NOT NOTICED: {problem}", flush=True)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
