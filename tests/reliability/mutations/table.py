"""The mutations: which rule each switches off, how, and which tests have to notice."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reliability.mutations.edits import Edit, always, before, drop, miss, never, put, swap

_CLAIM = "tests/deployment/test_claim.py::"
_CRASH = "tests/reliability/test_crash.py::"
_PAIRS = "tests/reliability/test_two_deploys.py::"
_PUBLISH = "tests/reliability/test_publish.py::"
_RELEASES = "tests/reliability/test_releases.py::"
_SLOTS = "tests/reliability/test_slots.py::"
_SLOTS_KILLED = "tests/reliability/test_slots_killed.py::"
_STATE = "tests/reliability/test_state.py::"
_RESUME = "tests/reliability/test_resume.py::"
_SECRETS = "tests/reliability/test_secrets.py::"
_FAILURES = "tests/doors/test_failures.py::"
_PERSISTENCE = "tests/storage/test_persistence.py::"
_ORDER = "tests/doors/test_order.py::"
_CONDITIONS = "tests/storage/test_conditions.py::"
_OPEN_FILE = "tests/deployment/test_open_file.py::"
_HASHES = "tests/storage/test_hash_probe.py::"
_VERIFICATION = "tests/doors/test_verification.py::"
_SHARDS, _DOOR_SHARDS = "tests/reliability/test_shards.py::", "tests/doors/test_shards.py::"


@dataclass(frozen=True)
class Mutation:
    """``rule`` is the number of the must-rule in docs/reliability.md; ``tests`` must fail after ``edits``."""

    rule: int
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def _when(rule: int, edit: Edit | tuple[Edit, ...], *tests: str) -> Mutation:
    return Mutation(rule, edit if isinstance(edit, tuple) else (edit,), tests)


MUTATIONS = {
    "deletes before the commit": _when(
        1, before(
            "CommitDocument.run", "look_again(work)", "work.store.delete([gone.key for gone in work.plan.deletes])"
        ),
        _CRASH + "test_killed_at_every_request",
    ),
    "commits after a failed upload": _when(
        1, never("Uploader.upload", "batch.failures"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "commits whatever became of the uploads": _when(
        1, never("Prove.run", "missing"),
        _PAIRS + "test_orphans_are_not_deleted_from_under_a_deploy_that_uploads_them",
    ),
    "deletes whoever committed since": _when(
        1, drop("steps:Delete._delete", "hold.sure()"),
        _PAIRS + "test_who_is_taken_for_dead_after_its_commit_deletes_nothing",
    ),
    "deletes on and on without a look": _when(
        1, never("steps:Delete._delete", "start"),
        "tests/doors/test_order.py::test_between_two_batches_of_deletes_the_live_gallery_is_looked_at",
    ),
    "touches what is live although another has taken over": _when(
        6, drop("Hold.touch", "self.sure()"),
        _CLAIM + "test_nothing_live_is_touched_under_a_claim_that_was_taken_over",
    ),
    "goes on with a publish without keeping what it had not kept": _when(
        11, put("Keep.keep", "_not_kept_yet(work, replaced)", "{}"),
        _PUBLISH + "test_what_a_publish_that_died_had_not_kept_is_kept_by_the_next",
    ),
    "ends a release over what others wrote of it": _when(
        13, put("tell_ended", "IfMatch(etag) if etag else IfAbsent()", "None"),
        _CLAIM + "test_how_a_release_ended_is_written_over_nothing_but_our_own_word",
    ),
    "lets others publish before its release has ended": _when(
        13, drop("let_go", "first()"),
        _CLAIM + "test_others_publish_when_it_is_written_down_that_the_release_has_ended",
    ),
    "takes another's claim for its own": _when(
        6, put("Hold.claim", "os.urandom(8).hex()", "''"),
        _CLAIM + "test_of_two_that_claim_the_same_one_does",
    ),
    "takes anything that is not kept for untouched": _when(
        3, never("take_back", "not is_as_before(store, key, before)"),
        _CLAIM + "test_what_was_not_kept_and_is_not_as_before_is_no_success",
    ),
    "loses a worker that dies": _when(
        1, never("_Batch.ended", "defect"),
        _CRASH + "test_a_worker_that_dies_is_no_success",
    ),
    "no guard": _when(
        2, never("guards:_check", "not limit.allows(...)"),
        _FAILURES + "test_delete_guard",
    ),
    "deletes orphans unasked": _when(
        2, put("make_plan", "delete_orphans and remote.base", "remote.base"),
        "tests/deployment/test_planner.py", _FAILURES + "test_orphans_are_deleted_by_a_deploy_that_is_asked_to",
    ),
    "takes half a listing for all": _when(
        2, drop("page_of", 'raise BadListing("a truncated listing without a continuation")'),
        "tests/storage/test_bad_answers.py",
    ),
    "deletes after a conflict": _when(
        2,
        swap(
            "CommitDocument.run",
            "done = commit(...)",
            "try:\n    done = commit(work.store, key, self.document.body, self.document.headers, base)\n"
            "except Conflict:\n    work.store.delete([gone.key for gone in work.plan.deletes])\n    raise",
        ),
        _FAILURES + "test_conflict",
    ),
    "replaces live objects while staging": _when(
        10, put("make_uploader", "_reachable(context, made)", "set()"),
        _CRASH + "test_killed_at_every_request",
    ),
    "writes ahead the record that alone commits": _when(
        10, put(
            "record_ahead",
            "commit is None or (base and base.sha256 == commit.sha256) or not work.copies_alike",
            "not work.copies_alike",
        ),
        _PUBLISH + "test_the_record_goes_ahead_where_it_is_known_and_does_not_commit",
    ),
    "keeps nothing that could be taken back": _when(
        11, put("Keep.keep.keep", "copied(work.store, key, before.kept, None)", "None"),
        _PUBLISH + "test_a_publish_that_died_is_taken_back_when_the_plan_is_another",
    ),
    "lets an older commit replace a newer one": _when(
        12, never("age:_compare", "found is Age.OLDER"),
        "tests/doors/test_older.py::test_an_older_run_that_is_started_again_stops",
    ),
    "keeps nothing of what it deletes": _when(
        13, put("Keep.keep", "work.terms.keep.anything", "False"),
        _RELEASES + "test_ten_releases_come_back_in_any_order",
    ),
    "believes a claim however old it is": _when(
        6, never("Hold.sure", "time.monotonic() - self._spoke > lease_seconds(self.store) / 3"),
        _CLAIM + "test_an_old_claim_is_asked_about",
    ),
    "is silent while it publishes": _when(
        6, drop("Hold.beating.beat", "self._write(self.publication)"),
        _CLAIM + "test_whoever_is_at_work_says_so_and_nobody_takes_the_claim_over",
    ),
    "prunes the pool while others may publish": _when(
        13, put("_taken_over", "has_died(store, base.etag, context.stop, context.say)", "True"),
        _PAIRS + "test_who_waits_for_the_deletes_of_another_says_so",
    ),
    "lets go of what a kept release needs": _when(
        13, put("retain:surplus", "keep.anything", "False"),
        _RELEASES + "test_ten_releases_come_back_in_any_order",
    ),
    "goes back across a damaged record": _when(
        13, put("rollback:chosen", "history.damage_after(index)", "()"),
        _RELEASES + "test_a_damaged_record_is_skipped_and_never_trusted",
    ),
    "brings back half of a release": _when(
        13, drop("rollback:_planned", "way.check()"),
        _RELEASES + "test_bytes_that_are_gone_are_listed",
    ),
    "forgets what a dead release has done": _when(
        13, put("Keep.keep", "_of_the_dead(work, history)", "{}"),
        _RELEASES + "test_a_deploy_that_was_killed_can_be_taken_back_whenever_it_died",
    ),
    "does not take a refused publish back": _when(
        10, drop("carry_out:_run", "_undo(work, error)"),
        _PUBLISH + "test_another_deploy_that_commits_first_finds_its_photos_as_they_were",
    ),
    "believes the name of an object in the pool": _when(
        10, always("Uploader._waiting", "is_md5(...) or (written and written.etag == found.etag)"),
        _PUBLISH + "test_a_pool_object_whose_bytes_are_not_its_name_is_never_published",
    ),
    "keeps a claim after a signal": _when(
        4, never("carry_out:_run", "isinstance(error, Cancelled) and step.moment < Moment.PUBLISH"),
        _CRASH + "test_who_is_stopped_while_it_sends_gives_its_claim_up",
    ),
    "takes another's claim back after a signal": _when(
        6, drop("carry_out:_let_others", "hold.check()"),
        _CRASH + "test_who_is_stopped_leaves_a_claim_that_is_another_s_alone",
    ),
    "keeps ahead what nobody knows yet": _when(
        11, never("_foreseen", "work.plan.copies or work.caches or any(...)"),
        _ORDER + "test_what_an_upload_may_turn_out_to_be_is_kept_when_it_is_sent",
    ),
    "leaves a publish of another plan as it is": _when(
        10, drop("unfinished:settled", "take_back(...)"),
        _PUBLISH + "test_taking_back_alone_gives_every_byte_and_header_back",
    ),
    "signs the new place before the records are there": _when(
        5, swap(
            "StateElsewhere.take_up",
            "self._take_along(there, old)\nself._sign()",
            "self._sign()\nself._take_along(there, old)",
        ),
        _STATE + "test_killed_at_every_request_of_the_move",
    ),
    "takes another gallery's records for its own": _when(
        2, never("StateElsewhere._is_ours", "whose != (self.target.bucket, self.target.prefix)"),
        _STATE + "test_a_place_that_is_not_this_gallerys_is_refused",
    ),
    "deploys where the state cannot be written": _when(
        11, drop("StateElsewhere.take_up", "self._sign()"),
        _STATE + "test_a_state_that_cannot_be_written_ends_before_anything_is_touched",
    ),
    "forgets what is to be deleted": _when(
        2, put("_write_record", "gone.reason is not Reason.ORPHAN", "False"),
        _CRASH + "test_killed_at_every_request",
    ),
    "deletes again what has left": _when(
        2, put("Leaving.is_still", "self.etag in ('', found.etag)", "True"),
        "tests/deployment/test_written.py", "tests/doors/test_order.py::test_what_has_left_is_deleted_once",
    ),
    "takes what lies there for what was recorded": _when(
        2, put("Listing._take", "it.sizes.at(there)", "(found.size for found in known)"),
        "tests/deployment/test_standing.py",
    ),
    "leaves a photo alone whose time was corrected": _when(
        2, put("Standing._as_live", "own is live", "True"),
        "tests/deployment/test_standing.py",
    ),
    "takes a comment in a listing for objects": _when(
        9, put("listing_page:_plain_objects", "_AROUND.fullmatch(around)", "True"),
        "tests/storage/test_signed_listing.py::test_what_only_looks_like_an_object_is_none",
    ),
    "believes any key in a record": _when(
        2, put("written:_sound", "key_problem(key) is None", "True"),
        "tests/deployment/test_written.py::test_keys_that_no_gallery_has_are_not_believed",
    ),
    "takes a lost answer for a failure": _when(
        3, never("writing:_settled", "live and live.body == body"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "takes a lost answer for a success": _when(
        3, put("writing:_write", "_settled(store, key, body, base, error)", "Confirmed('')"),
        _CRASH + "test_an_answer_is_lost_once",
    ),
    "is deaf to signals": _when(
        4, never("Stop.check", "self.requested"),
        _CRASH + "test_stopped_at_every_request",
    ),
    "commits after a signal": _when(
        4, drop("look_again", "work.stop.check()"),
        _CRASH + "test_stopped_while_it_reads",
    ),
    "uploads after a signal": _when(
        4,
        (
            put("Uploader._in_room", "self.stop.requested", "False"),
            put("Uploader._one", "self.stop.requested", "False"),
            put("Uploader._carry_out", "self.stop.requested", "False"),
        ),
        _CRASH + "test_stopped_at_every_request",
    ),
    "uploads everything again": _when(
        5, always("Uploader._proven", "found is None"),
        _CRASH + "test_killed_at_every_request",
    ),
    "believes in names and sizes": _when(
        5, never("Uploader._proven", "not is_md5(...)"),
        _RESUME + "test_a_checkpoint_proves_nothing_that_the_listing_does_not",
    ),
    "records after the commit": _when(
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
    "leaves a record that copies have made untrue": _when(
        5, put(
            "rolling",
            "(WriteRecord(), Prove(), CommitDocument(local.document))",
            "(Prove(), CommitDocument(local.document))",
        ),
        _PUBLISH + "test_a_record_that_was_written_ahead_and_is_not_true_is_written_again",
    ),
    "leaves the checkpoint": _when(
        5, drop("put_online", "work.beside.begin(lambda: forget(context, checkpoint))"),
        _CRASH + "test_killed_at_every_request",
    ),
    "depends on its checkpoint": _when(
        5, miss("Checkpoint._forgiving", "(GalleriaError, OSError)"),
        _RESUME + "test_a_deploy_does_not_depend_on_its_checkpoint",
    ),
    "commits unconditionally": _when(
        6, put("writing:_write", "store.put(key, body, headers, condition)", "store.put(key, body, headers)"),
        _PAIRS + "test_who_is_taken_for_dead_right_before_its_commit_does_not_commit",
    ),
    "overwrites the record of another": _when(
        6, drop("LiveManifest.refresh", "raise conflict(...)"),
        _PAIRS + "test_one_goes_by_at_every_request_of_the_other", _PAIRS + "test_interleaved_at_random",
    ),
    "does not look before a narrowed commit": _when(
        6, put("_commit_narrowed", "IfSeen(...)", "None"),
        "tests/deployment/test_document_writing.py",
    ),
    "writes during a dry run": _when(
        7, never("usecases.deploy:deploy", "context.options.dry_run or context.without_secrets"),
        "tests/doors/test_order.py::test_reading_commands_send_nothing_that_writes",
    ),
    "could write during a plan": _when(
        7, put("Context.reading_store", "ReadOnlyStore(self.store())", "self.store()"),
        "tests/doors/test_order.py::test_a_dry_run_is_handed_a_store_that_cannot_write",
    ),
    "ends well without verifying": _when(
        8, put("verify_deployed", "judge(...)", "compare(context, store, frozenset(), own, {})"),
        _PAIRS + "test_a_delete_on_its_way_is_found_by_the_verification",
    ),
    "takes presence for proof": _when(
        8, put("verify_listing", "set(differing(listing, Entries.of(manifest.objects)))", "set()"),
        _FAILURES + "test_verify_failed_by_overwritten_bytes",
    ),
    "gives up at the first fault": _when(
        3, put("Persistence.later", "attempt >= most", "True"),
        _PERSISTENCE + "TestWhatPasses",
    ),
    "takes an empty success for one": _when(
        3, never("s3_store:_etag", "not etag"),
        _PERSISTENCE + "TestWhatPasses::test_no_answer_of_s3",
    ),
    "keeps asking an overloaded service": _when(
        3, put("Window.overloaded", "self._limit / 2", "self._limit"),
        "tests/storage/test_throttle.py",
    ),
    "tries again after a signal": _when(
        4, put("Persistence.later", "not await done(...)", "await done(lambda: self._pause(seconds)) is None"),
        _PERSISTENCE + "TestPatience::test_no_further_try_after_a_stop",
    ),
    "commits after a signal during the probe": _when(
        4, never("ProvingStore._require", "not self._pause(0)"),
        _CONDITIONS + "test_no_conditional_write_after_a_stop_during_the_probe",
    ),
    "believes conditions that nobody compares": _when(
        6, never("ProvingStore._require", "not self._proved[kind]"),
        _CONDITIONS + "test_a_service_without_conditions_is_recognised",
    ),
    "takes a comparison of quotes for a conflict": _when(
        6, always("ProvingStore.put", "self._bare or not self._wants_bare_etags(...)"),
        _CONDITIONS + "test_a_service_with_conditions_is_believed",
    ),
    "takes a conflict of the moment for a lost race": _when(
        6, put("codes:TABLE", "'ConditionalRequestConflict'", "'IncompleteBody'"),
        _PERSISTENCE + "TestWhatPasses::test_a_conflict_of_the_moment_is_asked_again",
    ),
    "believes that a store keeps what it was sent": _when(
        8, put("kept", "found.body == bytes(body)", "True"),
        _VERIFICATION + "TestOnTheWay",
    ),
    "believes what was written to while it was sent": _when(
        8, drop("Uploader._put", "prepared.check_sent()"),
        _OPEN_FILE + "test_what_was_written_to_while_it_was_sent_does_not_count_as_stored",
    ),
    "edits by the beginning what it cannot judge by it": _when(
        8, never("prepare", "behind and edit.outcome.failed and edit.outcome is not Outcome.UNSUPPORTED"),
        _OPEN_FILE + "test_more_is_asked_for_where_the_beginning_does_not_tell",
    ),
    "takes a service that never looks at hashes for one that does": _when(
        8, swap("HashProbe._is_refused", "return False", "return True"),
        _HASHES + "test_only_a_service_that_checks_is_believed",
    ),
    "takes any refusal for a check of hashes": _when(
        8, put("HashProbe._is_refused", "refused.fault.status == 400 and refused.fault.code in _MISMATCH", "True"),
        _HASHES + "test_only_the_documented_refusal_counts",
    ),
    "believes hashes of a store that damages": _when(
        8, put("ReadBack.believes", "not self._damages", "True"),
        "tests/deployment/test_readback.py",
    ),
    "resumes what a store that damages has answered for": _when(
        8, never("Uploader.upload", "self.checkpoint and self._readback.in_doubt"),
        _VERIFICATION + "TestOnTheWay::test_by_a_service_that_checks_hashes_and_damages_what_it_took",
    ),
    "verifies deep without looking at headers": _when(
        8, put("Expected.is_met_by", "found.headers.digest() != self.headers", "False"),
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "verifies deep without looking at bytes": _when(
        8, put("Expected.is_met_by", "hashlib.sha256(...).hexdigest() == self.sha256", "True"),
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "believes the first listing after a write": _when(
        8, put("caught_up", "LISTING_PAUSES_SECONDS", "()"),
        "tests/doors/test_storage_faults.py::test_a_listing_that_is_stale_for_a_moment_is_asked_for_again",
    ),
    "commits whatever became of the shards": _when(
        1, never("finalize:_collected", "troubles"),
        _DOOR_SHARDS + "test_a_shard_that_never_ran",
    ),
    "believes shards without looking": _when(
        1, drop("finalize:_collected", "troubles += not_as_reported(...)"),
        _DOOR_SHARDS + "test_objects_that_are_not_as_reported",
    ),
    "takes a shard that died for a whole one": _when(
        1, never("shards:_judged", "not report.complete"),
        _SHARDS + "test_a_shard_killed_at_every_request", _DOOR_SHARDS + "test_a_report_that_does_not_count",
    ),
    "goes on with any plan": _when(
        2, put("finalize:_shards", "not begun.covers(...)", "False"),
        _SHARDS + "test_what_is_left_is_no_licence_for_more",
    ),
    "forgets what it was about to finalize": _when(
        5, never("finalize:finalize", "made.plan.plan_id == plan_id"),
        _SHARDS + "test_the_last_job_killed_at_every_request",
    ),
    "lets a shard run twice at once": _when(
        6, swap("InDocument.conclude", "commit(...)", "self.write(lambda: body, lambda: body)"),
        _SHARDS + "test_the_same_shard_twice_at_once",
    ),
    "tells secrets in the log": _when(
        9, put("GitHubActions.line", "self.hide(text)", "text"),
        _SECRETS + "test_an_error_that_carries_a_secret",
    ),
    "tells secrets in reports": _when(
        9, drop("run:run", "hush(...)"),
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "tells signatures": _when(
        9, put("storage.words:clean", "_SIGNED.sub(...)", "_line(text)"),
        "tests/storage/test_refusals.py", "tests/storage/test_faults.py",
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "claims to know the outcome of a commit": _when(
        3, miss("committing", "Unsettled"),
        _CRASH + "test_no_answer_any_more",
    ),
    "waits for ever for a line that takes nothing": _when(
        3, never("_here", "not poll.poll(wait.seconds * 1000)"),
        _PERSISTENCE + "TestStalls",
    ),
    "waits for ever for one line among many": _when(
        3, never("Loop._end_patience", "deadline < now"),
        "tests/net/test_loop.py",
    ),
    "waits for ever for a bucket's answer that trickles in": _when(
        3, never("Reader._more", "now - self._began > self._seconds + self._seen / patience.SLOWEST_BYTES_PER_SECOND"),
        "tests/net/test_patience.py",
    ),
    "reads a bucket's trailers without an end": _when(
        9, never("Reader._chunks", "trailers > 100"),
        "tests/net/test_patience.py",
    ),
    "waits for ever for an answer that trickles in": _when(
        3, never("_Watched.readinto", "now - self._began > self._seconds + self.seen / SLOWEST_BYTES_PER_SECOND"),
        "tests/net/test_patience.py",
    ),
    "believes a listing that contradicts itself": _when(
        2, never("page_of", "token is not None and not truncated"),
        "tests/storage/test_bad_answers.py",
    ),
    "repeats an unconditional commit blindly (s3)": _when(
        6, drop("S3Store._put", "condition.check(...)"),
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "repeats an unconditional commit blindly (boto3)": _when(
        6, drop("Boto3Store._put", "condition.check(...)"),
        _CONDITIONS + "test_a_write_after_a_look_is_not_repeated_over_somebody_elses",
    ),
    "deletes what another run is writing to a folder": _when(
        2, put("FolderStore._sweep", "time.time() - state.st_mtime > _STALE_SECONDS", "True"),
        "tests/storage/test_folder_store.py",
    ),
    "tells half of a secret": _when(
        9, put("_whole_words", "re.sub(...)", 'text[: most - 1] + "…"'),
        "tests/storage/test_faults.py", _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "lets a pull request lead the credentials astray": _when(
        9, put("heed", "permission(occasion.cause, occasion.whose).trusts_config", "True"),
        "tests/doors/test_forks.py",
    ),
    "takes the word of whoever wrote the config file for an approval": _when(
        9, put("_follows", "trusted and rule.trust is not Trust.NEVER", "trusted"),
        "tests/doors/test_policy.py",
    ),
    "lets anybody's config file loosen": _when(
        9, put("_follows", "rule.tightens(...)", "True"),
        "tests/doors/test_policy.py",
    ),
    "deploys on whatever occasion": _when(
        9, put("policy:refusal", "permission(occasion.cause, occasion.whose).writes", "Writes.GALLERY"),
        "tests/doors/test_policy.py",
    ),
    "takes an unknown event for a push": _when(
        9, put("event:Event.occasion", "CAUSES.get(self.name, Cause.OTHER)", "CAUSES.get(self.name, Cause.PUSH)"),
        "tests/doors/test_policy.py",
    ),
    "trusts the config file after anybody's workflow": _when(
        9, never("Event._after_another_run", "cause is Cause.PULL_REQUEST or whose is not Whose.OURS"),
        "tests/ci/test_github_event.py",
    ),
    "reads aliases of YAML": _when(
        9, never("_excess", 'isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)'),
        "tests/doors/test_config_file.py",
    ),
    "reads heads without an end": _when(
        9, never("_Watched.readinto", "self.most is not None and self.seen > self.most"),
        "tests/net/test_patience.py",
    ),
    "reads trailers without an end": _when(
        9, swap("PatientResponse._read_and_discard_trailer", "raise http.client.HTTPException(...)",
                "self._read_and_discard_trailer()"),
        "tests/net/test_patience.py",
    ),
    "unpacks what is packed many times over": _when(
        9, never("encoding:decoded", "len(codings) > _MOST_CODINGS"),
        "tests/net/test_patience.py",
    ),
    "writes outside of the workspace": _when(
        9, never("Place._spot", "not parent.is_relative_to(root)"),
        "tests/fence/test_place.py",
    ),
    "writes into git's own files": _when(
        9, never("Place._spot", "_GIT in inner"),
        "tests/fence/test_place.py",
    ),
    "writes hidden files": _when(
        9, never("Place._spot", 'not self.attended and any(part.startswith(".") for part in inner)'),
        "tests/fence/test_place.py",
    ),
    "goes through a folder that became a link": _when(
        9, put("files:_STEP", "os.O_NOFOLLOW", "0"),
        "tests/fence/test_place.py",
    ),
    "replaces devices": _when(
        9, never("files:write", "_is_special(name, folder)"),
        "tests/fence/test_place.py",
    ),
    "opens its own stream anew": _when(
        9, put("files:stream", "(number := _own_stream(path)) is not None", "False"),
        "tests/fence/test_place.py",
    ),
    "starts with files that may not be written": _when(
        9, drop("run:_prepare", "check_written_files(...)"),
        "tests/doors/test_reports.py",
    ),
    "takes a CI for a person": _when(
        9, put("_attended", "occasion.cause is Cause.COMMAND_LINE", "True"),
        "tests/doors/test_fences.py",
    ),
    "takes an unknown CI for a terminal": _when(
        9, put("occasion_of", "it in _OTHER_CIS", "False"),
        "tests/ci/test_plain.py",
    ),
    "believes a push on a pull request's ref": _when(
        9, never("Event.occasion", 'self.ref.startswith("refs/pull/")'),
        "tests/ci/test_github_event.py",
    ),
    "lets a photo take a page's place": _when(
        9, never("check_live_collisions", "site is None"),
        "tests/doors/test_fences.py",
    ),
    "lets the site take a photo's place": _when(
        9, never("check_live_collisions", "photos is None"),
        "tests/doors/test_fences.py",
    ),
    "takes any part of a plan for approved": _when(
        9, put("Begun.covers", "{action.canonical() for action in plan.actions()} <= self.actions", "True"),
        "tests/deployment/test_begun.py",
    ),
    "takes what is left for approved whatever was there": _when(
        9, put("Begun.covers", "not self.metadata or base in self.metadata", "True"),
        "tests/deployment/test_begun.py", "tests/doors/test_approval.py::test_a_part_alone_is_another_plan",
    ),
    "takes a part for approved without a proof": _when(
        9, put("planning:_is_left_of", "begun.plan_id == approved and begun.covers(made)", "True"),
        "tests/doors/test_approval.py::test_a_part_alone_is_another_plan",
    ),
    "forgets what was begun": _when(
        5, drop("applying:announce", "write_begun(...)"),
        "tests/doors/test_approval.py::test_what_is_left_of_a_plan_that_was_given_by_its_id_is_approved_as_well",
    ),
    "approves whatever encryption and class": _when(
        9, drop("Plan.canonical", "about |= self.told()"),
        "tests/deployment/test_planner.py::test_how_objects_are_kept_is_part_of_the_plan",
    ),
    "takes back from anywhere": _when(
        9, put("publication:replaced_of", "is_pool_key(kept)", "True"),
        "tests/deployment/test_hostile_records.py",
    ),
    "believes whatever keys a record names": _when(
        2, put("written:_sound", "key_problem(key) is None", "True"),
        "tests/deployment/test_hostile_records.py",
    ),
    "replaces what is not a checkpoint": _when(
        9, never("InFile.exists", "body and not _is_checkpoint(body)"),
        _RESUME + "test_what_is_no_checkpoint_is_neither_replaced_nor_removed",
    ),
    "reads XML of any size": _when(
        9, never("documents:parsed", 'body.count(b"<") > MOST_TAGS'),
        "tests/storage/test_bad_answers.py",
    ),
    "lets a region lead the credentials astray": _when(
        9, never("StoreSettings.__post_init__", "self.region and not _REGION.fullmatch(self.region)"),
        "tests/storage/test_settings.py",
    ),
    "switches to what nobody has proved": _when(
        14, drop("ProveSlot.run", "prove(work, work.slot)"),
        _SLOTS + "test_a_slot_that_somebody_has_damaged_is_shown_to_nobody",
    ),
    "shows what visitors would not get": _when(
        14, never("fill:prove", "work.look_ahead"),
        "tests/doors/test_probe_ahead.py::test_what_visitors_would_not_get_is_not_switched_to",
    ),
    "sends visitors to a slot that a cache holds as it was": _when(
        14, never("fill:prove", "work.caches"),
        "tests/reliability/test_purge.py::test_a_slot_is_purged_before_anybody_is_sent_there",
    ),
    "owes no cache what lies in a slot": _when(
        14, drop("Fill.run", "_owe(work, layout, needed, found)"),
        "tests/reliability/test_purge.py::test_a_deploy_to_a_slot_killed_at_any_of_its_writes",
    ),
    "believes a slot whatever its record says": _when(
        14, put("filling", "recorded.describes(found)", "True"),
        _SLOTS_KILLED + "test_killed_at_every_request",
        _SLOTS + "test_what_lies_in_a_slot_under_the_right_name_is_not_believed",
    ),
    "fills the slot that visitors see": _when(
        14, put("Routing.idle", "it != self.live", "it == self.live or self.live == Layout.IN_PLACE"),
        _SLOTS_KILLED + "test_killed_at_every_request",
    ),
    "promotes on top of whatever is live": _when(
        14, never("check_staged", "staged.live != at or ..."),
        _SLOTS + "test_what_waits_is_out_of_date_when_another_went_live",
    ),
    "shows before it is proved": _when(
        14, drop("check_order", 'raise ValueError(f"steps out of order: {...}")'),
        "tests/reliability/test_strategies.py::test_steps_that_do_not_go_together",
    ),
}  # fmt: skip
