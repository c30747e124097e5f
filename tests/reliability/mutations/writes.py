"""Mutations of the order of writes: what stays whole when a run fails, dies, is stopped, or meets another."""

from __future__ import annotations

from tests.reliability.mutations.edits import always, before, drop, miss, never, put, swap
from tests.reliability.mutations.mutation import when

_CLAIM = "tests/deployment/test_claim.py::"
_CRASH = "tests/reliability/test_crash.py::"
_PAIRS = "tests/reliability/test_two_deploys.py::"
_PUBLISH = "tests/reliability/test_publish.py::"
_STATE = "tests/reliability/test_state.py::"
_RESUME = "tests/reliability/test_resume.py::"
_PERSISTENCE = "tests/storage/test_persistence.py::"
_CONDITIONS = "tests/storage/test_conditions.py::"
_SHARDS = "tests/reliability/test_shards.py::"
_SHARDS_REFUSED = "tests/doors/test_shards_refused.py::"

WRITES = {
    "deletes before the commit": when(
        1,
        before("CommitDocument.run", "look_again(work)", "work.store.delete([gone.key for gone in work.plan.deletes])"),
        _CRASH + "test_killed_at_every_request",
    ),
    "commits after a failed upload": when(
        1,
        never("Uploader.upload", "batch.failures"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "commits whatever became of the uploads": when(
        1,
        never("Prove.run", "missing"),
        _PAIRS + "test_orphans_are_not_deleted_from_under_a_deploy_that_uploads_them",
    ),
    "deletes whoever committed since": when(
        1,
        drop("steps:Delete._delete", "hold.sure()"),
        _PAIRS + "test_who_is_taken_for_dead_after_its_commit_deletes_nothing",
    ),
    "deletes on and on without a look": when(
        1,
        never("steps:Delete._delete", "start"),
        "tests/doors/test_order.py::test_between_two_batches_of_deletes_the_live_gallery_is_looked_at",
    ),
    "deletes again without a look": when(
        1,
        drop("steps:Delete.run", "self._check_live(work)"),
        "tests/doors/test_order.py::test_so_it_is_before_anything_is_deleted_again",
    ),
    "goes on publishing although another has taken over": when(
        6,
        drop("Publish._one", "work.hold.still()"),
        "tests/reliability/test_two_deploys.py::test_who_is_taken_for_dead_while_it_publishes_replaces_nothing_more",
    ),
    "goes on bringing back although another has taken over": when(
        6,
        drop("Restore._one", "work.hold.still()"),
        "tests/reliability/test_two_deploys.py::test_who_is_taken_for_dead_while_it_publishes_replaces_nothing_more",
    ),
    "touches what is live although another has taken over": when(
        6,
        drop("Hold.touch", "self.sure()"),
        _CLAIM + "test_nothing_live_is_touched_under_a_claim_that_was_taken_over",
    ),
    "goes on with a publish without keeping what it had not kept": when(
        11,
        put("Keep.keep", "_not_kept_yet(work, replaced)", "{}"),
        _PUBLISH + "test_what_a_publish_that_died_had_not_kept_is_kept_by_the_next",
    ),
    "takes another's claim for its own": when(
        6,
        put("Hold.claim", "os.urandom(8).hex()", "''"),
        _CLAIM + "test_of_two_that_claim_the_same_one_does",
    ),
    "takes anything that is not kept for untouched": when(
        3,
        never("take_back", "not is_as_before(store, key, before)"),
        _CLAIM + "test_what_was_not_kept_and_is_not_as_before_is_no_success",
    ),
    "loses a worker that dies": when(
        1,
        never("_Batch.ended", "defect"),
        _CRASH + "test_a_worker_that_dies_is_no_success",
    ),
    "replaces live objects while staging": when(
        10,
        put("make_uploader", "_reachable(context, made)", "set()"),
        _CRASH + "test_killed_at_every_request",
    ),
    "writes ahead the record that alone commits": when(
        10,
        put(
            "record_ahead",
            "commit is None or (base and base.sha256 == commit.sha256) or not work.copies_alike",
            "not work.copies_alike",
        ),
        _PUBLISH + "test_the_record_goes_ahead_where_it_is_known_and_does_not_commit",
    ),
    "keeps nothing that could be taken back": when(
        11,
        put("Keep.keep.keep", "copied(work.store, key, before.kept, None)", "None"),
        _PUBLISH + "test_a_publish_that_died_is_taken_back_when_the_plan_is_another",
    ),
    "lets an older commit replace a newer one": when(
        12,
        never("age:_compare", "found is Age.OLDER"),
        "tests/doors/test_older.py::test_an_older_run_that_is_started_again_stops",
    ),
    "believes a claim however old it is": when(
        6,
        never("Hold.sure", "time.monotonic() - self._spoke > lease_seconds(self.store) / 3"),
        _CLAIM + "test_an_old_claim_is_asked_about",
    ),
    "is silent while it publishes": when(
        6,
        drop("Hold.beating.beat", "self._write(self.publication)"),
        _CLAIM + "test_whoever_is_at_work_says_so_and_nobody_takes_the_claim_over",
    ),
    "does not take a refused publish back": when(
        10,
        drop("carry_out:_run", "_undo(work, error)"),
        _PUBLISH + "test_another_deploy_that_commits_first_finds_its_photos_as_they_were",
    ),
    "believes the name of an object in the pool": when(
        10,
        always("Uploader._waiting", "is_md5(...) or (written and written.etag == found.etag)"),
        _PUBLISH + "test_a_pool_object_whose_bytes_are_not_its_name_is_never_published",
    ),
    "keeps a claim after a signal": when(
        4,
        never(
            "carry_out:_run",
            "isinstance(error, Cancelled) and step.moment < Moment.PUBLISH and not (work.hold and work.hold.touched)",
        ),
        _CRASH + "test_who_is_stopped_while_it_sends_gives_its_claim_up",
    ),
    "takes another's claim back after a signal": when(
        6,
        drop("carry_out:_let_others", "hold.check()"),
        _CRASH + "test_who_is_stopped_leaves_a_claim_that_is_another_s_alone",
    ),
    "keeps ahead what nobody knows yet": when(
        11,
        never("_foreseen", "work.plan.copies or work.caches or any(...)"),
        "tests/doors/test_order.py::test_what_an_upload_may_turn_out_to_be_is_kept_when_it_is_sent",
    ),
    "leaves a publish of another plan as it is": when(
        10,
        drop("unfinished:settled", "take_back(...)"),
        _PUBLISH + "test_taking_back_alone_gives_every_byte_and_header_back",
    ),
    "signs the new place before the records are there": when(
        5,
        swap(
            "StateElsewhere.take_up",
            "self._take_along(there, old)\nself._sign()",
            "self._sign()\nself._take_along(there, old)",
        ),
        _STATE + "test_killed_at_every_request_of_the_move",
    ),
    "deploys where the state cannot be written": when(
        11,
        drop("StateElsewhere.take_up", "self._sign()"),
        _STATE + "test_a_state_that_cannot_be_written_ends_before_anything_is_touched",
    ),
    "takes a lost answer for a failure": when(
        3,
        never("writing:_settled", "live and live.body == body"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "takes a lost answer for a success": when(
        3,
        put("writing:_write", "_settled(store, key, body, base, error)", "Confirmed('')"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "is deaf to signals": when(
        4,
        never("Stop.check", "self.requested"),
        _CRASH + "test_stopped_at_every_request",
    ),
    "commits after a signal": when(
        4,
        drop("look_again", "work.stop.check()"),
        _CRASH + "test_stopped_while_it_reads",
    ),
    "uploads after a signal": when(
        4,
        (
            put("Uploader._in_room", "self.stop.requested", "False"),
            put("Uploader._one", "self.stop.requested", "False"),
            put("Uploader._carry_out", "self.stop.requested", "False"),
        ),
        _CRASH + "test_stopped_at_every_request",
    ),
    "uploads everything again": when(
        5,
        always("Uploader._proven", "found is None"),
        _CRASH + "test_killed_at_every_request",
    ),
    "believes in names and sizes": when(
        5,
        never("Uploader._proven", "not is_md5(...)"),
        _RESUME + "test_a_checkpoint_proves_nothing_that_the_listing_does_not",
    ),
    "believes a listing that is not true any more": when(
        5,
        put("Uploader._proven", "head is None or head.etag != found.etag", "head is None"),
        "tests/deployment/test_open_file.py::test_what_is_not_any_more_as_it_was_listed_is_sent",
    ),
    "records after the commit": when(
        5,
        (
            put(
                "rolling",
                "(WriteRecord(), Prove(), CommitDocument(local.document))",
                "(Prove(), CommitDocument(local.document))",
            ),
            put(
                "record_ahead",
                "commit is None or (base and base.sha256 == commit.sha256) or not work.copies_alike",
                "True",
            ),
        ),
        _CRASH + "test_killed_at_every_request",
    ),
    "leaves a record that copies have made untrue": when(
        5,
        put(
            "rolling",
            "(WriteRecord(), Prove(), CommitDocument(local.document))",
            "(Prove(), CommitDocument(local.document))",
        ),
        _PUBLISH + "test_a_record_that_was_written_ahead_and_is_not_true_is_written_again",
    ),
    "leaves the checkpoint": when(
        5,
        drop("put_online", "work.beside.begin(lambda: forget(context, checkpoint))"),
        _CRASH + "test_killed_at_every_request",
    ),
    "depends on its checkpoint": when(
        5,
        miss("Checkpoint._forgiving", "(GalleriaError, OSError)"),
        _RESUME + "test_a_deploy_does_not_depend_on_its_checkpoint",
    ),
    "commits unconditionally": when(
        6,
        put("writing:_write", "store.put(key, body, headers, condition)", "store.put(key, body, headers)"),
        _PAIRS + "test_who_is_taken_for_dead_right_before_its_commit_does_not_commit",
    ),
    "overwrites the record of another": when(
        6,
        drop("LiveManifest.refresh", "raise conflict(...)"),
        _PAIRS + "test_one_goes_by_at_every_request_of_the_other",
        _PAIRS + "test_interleaved_at_random",
    ),
    "does not look before a narrowed commit": when(
        6,
        put("_commit_narrowed", "IfSeen(...)", "None"),
        "tests/deployment/test_document_writing.py",
    ),
    "gives up at the first fault": when(
        3,
        put("Persistence.later", "attempt >= most", "True"),
        _PERSISTENCE + "TestWhatPasses",
    ),
    "takes an empty success for one": when(
        3,
        never("s3_store:_etag", "not etag"),
        _PERSISTENCE + "TestWhatPasses::test_no_answer_of_s3",
    ),
    "keeps asking an overloaded service": when(
        3,
        put("Window.overloaded", "self._limit / 2", "self._limit"),
        "tests/storage/test_throttle.py",
    ),
    "tries again after a signal": when(
        4,
        put("Persistence.later", "not await done(...)", "await done(lambda: self._pause(seconds)) is None"),
        _PERSISTENCE + "TestPatience::test_no_further_try_after_a_stop",
    ),
    "commits after a signal during the probe": when(
        4,
        never("ProvingStore._require", "not self._pause(0)"),
        _CONDITIONS + "test_no_conditional_write_after_a_stop_during_the_probe",
    ),
    "believes conditions that nobody compares": when(
        6,
        never("ProvingStore._require", "not self._proved[kind]"),
        _CONDITIONS + "test_a_service_without_conditions_is_recognised",
    ),
    "takes a comparison of quotes for a conflict": when(
        6,
        always("ProvingStore.put", "self._bare or not self._wants_bare_etags(...)"),
        _CONDITIONS + "test_a_service_with_conditions_is_believed",
    ),
    "takes a conflict of the moment for a lost race": when(
        6,
        put("codes:TABLE", "'ConditionalRequestConflict'", "'IncompleteBody'"),
        _PERSISTENCE + "TestWhatPasses::test_a_conflict_of_the_moment_is_asked_again",
    ),
    "commits whatever became of the shards": when(
        1,
        never("finalize:_collected", "troubles"),
        _SHARDS_REFUSED + "test_a_shard_that_never_ran",
    ),
    "believes shards without looking": when(
        1,
        drop("finalize:_collected", "troubles += not_as_reported(...)"),
        _SHARDS_REFUSED + "test_objects_that_are_not_as_reported",
    ),
    "takes a shard that died for a whole one": when(
        1,
        never("shards:_judged", "not report.complete"),
        _SHARDS + "test_a_shard_killed_at_every_request",
        _SHARDS_REFUSED + "test_a_report_that_does_not_count",
    ),
    "forgets what it was about to finalize": when(
        5,
        never("finalize:finalize", "made.plan.plan_id == plan_id"),
        _SHARDS + "test_the_last_job_killed_at_every_request",
    ),
    "lets a shard run twice at once": when(
        6,
        swap("InDocument.conclude", "commit(...)", "self.write(lambda: body, lambda: body)"),
        _SHARDS + "test_the_same_shard_twice_at_once",
    ),
    "claims to know the outcome of a commit": when(
        3,
        miss("committing", "Unsettled"),
        _CRASH + "test_no_answer_any_more",
    ),
    "waits for ever for a line that takes nothing": when(
        3,
        never("_here", "not poll.poll(wait.seconds * 1000)"),
        _PERSISTENCE + "TestStalls",
    ),
    "waits for ever for one line among many": when(
        3,
        never("Loop._end_patience", "deadline < now"),
        "tests/net/test_loop.py",
    ),
    "waits for ever for a bucket's answer that trickles in": when(
        3,
        never("Reader._more", "now - self._began > self._seconds + self._seen / patience.SLOWEST_BYTES_PER_SECOND"),
        "tests/net/test_patience.py",
    ),
    "waits for ever for an answer that trickles in": when(
        3,
        never("_Watched.readinto", "now - self._began > self._seconds + self.seen / SLOWEST_BYTES_PER_SECOND"),
        "tests/net/test_patience.py",
    ),
    "repeats an unconditional commit blindly (s3)": when(
        6,
        drop("S3Store._put", "condition.check(...)"),
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "repeats an unconditional commit blindly (boto3)": when(
        6,
        drop("Boto3Store._put", "condition.check(...)"),
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "forgets what was begun": when(
        5,
        drop("applying:announce", "write_begun(...)"),
        "tests/doors/test_approval.py::test_what_is_left_of_a_plan_that_was_given_by_its_id_is_approved_as_well",
    ),
}
