"""Mutations of what is deleted, believed, kept, verified and shown."""

from __future__ import annotations

from tests.reliability.mutations.edits import drop, never, put, swap
from tests.reliability.mutations.mutation import when

_CLAIM = "tests/deployment/test_claim.py::"
_CRASH = "tests/reliability/test_crash.py::"
_PAIRS = "tests/reliability/test_two_deploys.py::"
_RELEASES = "tests/reliability/test_releases.py::"
_SLOTS = "tests/reliability/test_slots.py::"
_SLOTS_KILLED = "tests/reliability/test_slots_killed.py::"
_STATE = "tests/reliability/test_state.py::"
_FAILURES = "tests/doors/test_failures.py::"
_OPEN_FILE = "tests/deployment/test_open_file.py::"
_HASHES = "tests/storage/test_hash_probe.py::"
_VERIFICATION = "tests/doors/test_verification.py::"
_SHARDS = "tests/reliability/test_shards.py::"
_ONWARD = "tests/doors/test_onward_changes.py::"
_UNPROVEN = "tests/doors/test_unproven.py::"

KEEPING = {
    "ends a release over what others wrote of it": when(
        13,
        put("tell_ended", "IfMatch(etag) if etag else IfAbsent()", "None"),
        _CLAIM + "test_how_a_release_ended_is_written_over_nothing_but_our_own_word",
    ),
    "lets others publish before its release has ended": when(
        13,
        drop("let_go", "first()"),
        _CLAIM + "test_others_publish_when_it_is_written_down_that_the_release_has_ended",
    ),
    "no guard": when(
        2,
        never("guards:_check", "not limit.allows(...)"),
        _FAILURES + "test_delete_guard",
    ),
    "deletes orphans unasked": when(
        2,
        put("make_plan", "delete_orphans and remote.base", "remote.base"),
        "tests/deployment/test_planner.py",
        _FAILURES + "test_orphans_are_deleted_by_a_deploy_that_is_asked_to",
    ),
    "takes half a listing for all": when(
        2,
        drop("page_of", 'raise BadListing("a truncated listing without a continuation")'),
        "tests/storage/test_bad_answers.py",
    ),
    "deletes after a conflict": when(
        2,
        swap(
            "CommitDocument.run",
            "done = commit(...)",
            "try:\n    done = commit(work.store, key, self.document.body, self.document.headers, base)\n"
            "except Conflict:\n    work.store.delete([gone.key for gone in work.plan.deletes])\n    raise",
        ),
        _FAILURES + "test_conflict",
    ),
    "keeps nothing of what it deletes": when(
        13,
        put("Keep.keep", "work.terms.keep.anything", "False"),
        _RELEASES + "test_ten_releases_come_back_in_any_order",
    ),
    "takes a copy with another ETag for the same": when(
        8,
        put("Bring._brought", "etag == source.etag or not comparable", "True"),
        _ONWARD + "test_what_is_overwritten_while_it_is_copied",
    ),
    "does not look whether what was copied is still there": when(
        8,
        never("Bring._check_unchanged", "found is None or (found.size, found.etag) != ..."),
        _ONWARD + "test_where_etags_are_foreign_the_sources_own_tells",
    ),
    "sends on whatever it reads from another gallery": when(
        8,
        never("Bring._brought", "found is None or hashlib.sha256(found.body).hexdigest() != source.sha256"),
        _ONWARD + "test_what_is_overwritten_before_it_is_read",
    ),
    "keeps what somebody has overwritten as what was recorded": when(
        13,
        put("_before", "(entry.size, entry.etag) == (size, etag)", "True"),
        _UNPROVEN + "test_what_lies_in_the_pool_under_a_hash_has_it",
    ),
    "goes online although deploys are held by then": when(
        13,
        never("Keep.keep", "HOLD_KEY in seen.records and not work.terms.despite_hold"),
        "tests/reliability/test_held.py",
    ),
    "prunes the pool while others may publish": when(
        13,
        put("_taken_over", "has_died(store, base.etag, context.stop, context.say)", "True"),
        _PAIRS + "test_who_waits_for_the_deletes_of_another_says_so",
    ),
    "lets go of what a kept release needs": when(
        13,
        put("retain:surplus", "keep.anything", "False"),
        _RELEASES + "test_ten_releases_come_back_in_any_order",
    ),
    "goes back across a damaged record": when(
        13,
        put("rollback:chosen", "history.damage_after(index)", "()"),
        _RELEASES + "test_a_damaged_record_is_skipped_and_never_trusted",
    ),
    "brings back half of a release": when(
        13,
        drop("rollback:_planned", "way.check()"),
        _RELEASES + "test_bytes_that_are_gone_are_listed",
    ),
    "forgets what a dead release has done": when(
        13,
        put("Keep.keep", "_of_the_dead(work, history)", "{}"),
        _RELEASES + "test_a_deploy_that_was_killed_can_be_taken_back_whenever_it_died",
    ),
    "takes another gallery's records for its own": when(
        2,
        never("StateElsewhere._is_ours", "whose != (self.target.bucket, self.target.prefix)"),
        _STATE + "test_a_place_that_is_not_this_gallerys_is_refused",
    ),
    "forgets what is to be deleted": when(
        2,
        put("_write_record", "gone.reason is not Reason.ORPHAN", "False"),
        _CRASH + "test_killed_at_every_request",
    ),
    "deletes again what has left": when(
        2,
        put("Leaving.is_still", "self.etag in ('', found.etag)", "True"),
        "tests/deployment/test_written.py",
        "tests/doors/test_order.py::test_what_has_left_is_deleted_once",
    ),
    "takes what lies there for what was recorded": when(
        2,
        put("Listing._take", "it.sizes.at(there)", "(found.size for found in known)"),
        "tests/deployment/test_standing.py",
    ),
    "leaves a photo alone whose time was corrected": when(
        2,
        put("Standing._as_live", "own is live", "True"),
        "tests/deployment/test_standing.py",
    ),
    "believes any key in a record": when(
        2,
        put("written:_sound", "key_problem(key) is None", "True"),
        "tests/deployment/test_written.py::test_keys_that_no_gallery_has_are_not_believed",
    ),
    "writes during a dry run": when(
        7,
        never("usecases.deploy:deploy", "context.options.dry_run or context.without_secrets"),
        "tests/doors/test_order.py::test_reading_commands_send_nothing_that_writes",
    ),
    "could write during a plan": when(
        7,
        put("Context.reading_store", "ReadOnlyStore(self.store())", "self.store()"),
        "tests/doors/test_order.py::test_a_dry_run_is_handed_a_store_that_cannot_write",
    ),
    "ends well without verifying": when(
        8,
        put("verify_deployed", "judge(...)", "compare(context, store, frozenset(), own, {})"),
        _PAIRS + "test_a_delete_on_its_way_is_found_by_the_verification",
    ),
    "takes presence for proof": when(
        8,
        put("verify_listing", "set(differing(listing, Entries.of(manifest.objects)))", "set()"),
        _FAILURES + "test_verify_failed_by_overwritten_bytes",
    ),
    "believes that a store keeps what it was sent": when(
        8,
        put("kept", "found.body == bytes(body)", "True"),
        _VERIFICATION + "TestOnTheWay",
    ),
    "believes what was written to while it was sent": when(
        8,
        drop("Uploader._put", "prepared.check_sent()"),
        _OPEN_FILE + "test_what_was_written_to_while_it_was_sent_does_not_count_as_stored",
    ),
    "edits by the beginning what it cannot judge by it": when(
        8,
        never("prepare", "behind and edit.outcome.failed and edit.outcome is not Outcome.UNSUPPORTED"),
        _OPEN_FILE + "test_more_is_asked_for_where_the_beginning_does_not_tell",
    ),
    "takes a service that never looks at hashes for one that does": when(
        8,
        swap("HashProbe._is_refused", "return False", "return True"),
        _HASHES + "test_only_a_service_that_checks_is_believed",
    ),
    "takes any refusal for a check of hashes": when(
        8,
        put("HashProbe._is_refused", "refused.fault.status == 400 and refused.fault.code in _MISMATCH", "True"),
        _HASHES + "test_only_the_documented_refusal_counts",
    ),
    "believes hashes of a store that damages": when(
        8,
        put("ReadBack.believes", "not self._damages", "True"),
        "tests/deployment/test_readback.py",
    ),
    "resumes what a store that damages has answered for": when(
        8,
        never("Uploader.upload", "self.checkpoint and self._readback.in_doubt"),
        _VERIFICATION + "TestOnTheWay::test_by_a_service_that_checks_hashes_and_damages_what_it_took",
    ),
    "verifies deep without looking at headers": when(
        8,
        put("Expected.is_met_by", "found.headers.digest() != self.headers", "False"),
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "verifies deep without looking at bytes": when(
        8,
        put("Expected.is_met_by", "hashlib.sha256(...).hexdigest() == self.sha256", "True"),
        _VERIFICATION + "test_what_only_reading_shows_is_found_deep_and_healed_by_force",
    ),
    "believes the first listing after a write": when(
        8,
        put("caught_up", "LISTING_PAUSES_SECONDS", "()"),
        "tests/doors/test_storage_faults.py::test_a_listing_that_is_stale_for_a_moment_is_asked_for_again",
    ),
    "goes on with any plan": when(
        2,
        put("finalize:_shards", "not begun.covers(...)", "False"),
        _SHARDS + "test_what_is_left_is_no_licence_for_more",
    ),
    "believes a listing that contradicts itself": when(
        2,
        never("page_of", "token is not None and not truncated"),
        "tests/storage/test_bad_answers.py",
    ),
    "deletes what another run is writing to a folder": when(
        2,
        put("FolderStore._sweep", "time.time() - state.st_mtime > _STALE_SECONDS", "True"),
        "tests/storage/test_folder_store.py",
    ),
    "believes whatever keys a record names": when(
        2,
        put("written:_sound", "key_problem(key) is None", "True"),
        "tests/deployment/test_hostile_records.py",
    ),
    "switches to what nobody has proved": when(
        14,
        drop("ProveSlot.run", "prove(work, work.slot)"),
        _SLOTS + "test_a_slot_that_somebody_has_damaged_is_shown_to_nobody",
    ),
    "shows what visitors would not get": when(
        14,
        never("fill:prove", "work.look_ahead"),
        "tests/doors/test_probe_ahead.py::test_what_visitors_would_not_get_is_not_switched_to",
    ),
    "sends visitors to a slot that a cache holds as it was": when(
        14,
        never("fill:prove", "work.caches"),
        "tests/reliability/test_purge.py::test_a_slot_is_purged_before_anybody_is_sent_there",
    ),
    "owes no cache what lies in a slot": when(
        14,
        drop("Fill.run", "_owe(work, layout, needed, found)"),
        "tests/reliability/test_purge.py::test_a_deploy_to_a_slot_killed_at_any_of_its_writes",
    ),
    "believes a slot whatever its record says": when(
        14,
        put("filling", "recorded.describes(found)", "True"),
        _SLOTS_KILLED + "test_killed_at_every_request",
        _SLOTS + "test_what_lies_in_a_slot_under_the_right_name_is_not_believed",
    ),
    "fills the slot that visitors see": when(
        14,
        put("Routing.idle", "it != self.live", "it == self.live or self.live == Layout.IN_PLACE"),
        _SLOTS_KILLED + "test_killed_at_every_request",
    ),
    "promotes on top of whatever is live": when(
        14,
        never("check_staged", "staged.live != at or ..."),
        _SLOTS + "test_what_waits_is_out_of_date_when_another_went_live",
    ),
    "shows before it is proved": when(
        14,
        drop("check_order", 'raise ValueError(f"steps out of order: {...}")'),
        "tests/reliability/test_strategies.py::test_steps_that_do_not_go_together",
    ),
}
