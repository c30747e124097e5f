"""Mutations of what protects from hostile files, servers, names and words, and keeps secrets."""

from __future__ import annotations

from tests.reliability.mutations.edits import drop, never, put, swap
from tests.reliability.mutations.mutation import when

_RESUME = "tests/reliability/test_resume.py::"
_SECRETS = "tests/reliability/test_secrets.py::"

HOSTILE = {
    "takes a comment in a listing for objects": when(
        9,
        put("listing_page:_plain_objects", "_AROUND.fullmatch(around)", "True"),
        "tests/storage/test_signed_listing.py::test_what_only_looks_like_an_object_is_none",
    ),
    "tells secrets in the log": when(
        9,
        put("GitHubActions.line", "self.hide(text)", "text"),
        _SECRETS + "test_an_error_that_carries_a_secret",
    ),
    "tells secrets in reports": when(
        9,
        drop("run:run", "hush(...)"),
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "tells signatures": when(
        9,
        put("storage.words:clean", "_SIGNED.sub(...)", "_line(text)"),
        "tests/storage/test_refusals.py",
        "tests/storage/test_faults.py",
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "reads a bucket's trailers without an end": when(
        9,
        never("Reader._chunks", "trailers > 100"),
        "tests/net/test_patience.py",
    ),
    "tells half of a secret": when(
        9,
        put("_whole_words", "re.sub(...)", 'text[: most - 1] + "…"'),
        "tests/storage/test_faults.py",
        _SECRETS + "test_a_server_that_repeats_what_it_was_sent",
    ),
    "lets a pull request lead the credentials astray": when(
        9,
        put("heed", "permission(occasion.cause, occasion.whose).trusts_config", "True"),
        "tests/doors/test_forks.py",
    ),
    "takes the word of whoever wrote the config file for an approval": when(
        9,
        put("_follows", "trusted and rule.trust is not Trust.NEVER", "trusted"),
        "tests/doors/test_policy.py",
    ),
    "lets anybody's config file loosen": when(
        9,
        put("_follows", "rule.tightens(...)", "True"),
        "tests/doors/test_policy.py",
    ),
    "deploys on whatever occasion": when(
        9,
        put("policy:refusal", "permission(occasion.cause, occasion.whose).writes", "Writes.GALLERY"),
        "tests/doors/test_policy.py",
    ),
    "takes an unknown event for a push": when(
        9,
        put("event:Event.occasion", "CAUSES.get(self.name, Cause.OTHER)", "CAUSES.get(self.name, Cause.PUSH)"),
        "tests/doors/test_policy.py",
    ),
    "trusts the config file after anybody's workflow": when(
        9,
        never("Event._after_another_run", "cause is Cause.PULL_REQUEST or whose is not Whose.OURS"),
        "tests/ci/test_github_event.py",
    ),
    "reads aliases of YAML": when(
        9,
        never("_excess", 'isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)'),
        "tests/doors/test_config_file.py",
    ),
    "reads heads without an end": when(
        9,
        never("_Watched.readinto", "self.most is not None and self.seen > self.most"),
        "tests/net/test_patience.py",
    ),
    "reads trailers without an end": when(
        9,
        swap(
            "PatientResponse._read_and_discard_trailer",
            "raise http.client.HTTPException(...)",
            "self._read_and_discard_trailer()",
        ),
        "tests/net/test_patience.py",
    ),
    "unpacks what is packed many times over": when(
        9,
        never("encoding:decoded", "len(codings) > _MOST_CODINGS"),
        "tests/net/test_patience.py",
    ),
    "writes outside of the workspace": when(
        9,
        never("Place._spot", "not parent.is_relative_to(root)"),
        "tests/fence/test_place.py",
    ),
    "writes into git's own files": when(
        9,
        never("Place._spot", "_GIT in inner"),
        "tests/fence/test_place.py",
    ),
    "writes hidden files": when(
        9,
        never("Place._spot", 'not self.attended and any(part.startswith(".") for part in inner)'),
        "tests/fence/test_place.py",
    ),
    "goes through a folder that became a link": when(
        9,
        put("files:_STEP", "os.O_NOFOLLOW", "0"),
        "tests/fence/test_place.py",
    ),
    "replaces devices": when(
        9,
        never("files:write", "_is_special(name, folder)"),
        "tests/fence/test_place.py",
    ),
    "opens its own stream anew": when(
        9,
        put("files:stream", "(number := _own_stream(path)) is not None", "False"),
        "tests/fence/test_place.py",
    ),
    "starts with files that may not be written": when(
        9,
        drop("run:_prepare", "check_written_files(...)"),
        "tests/doors/test_reports.py",
    ),
    "takes a CI for a person": when(
        9,
        put("_attended", "occasion.cause is Cause.COMMAND_LINE", "True"),
        "tests/doors/test_fences.py",
    ),
    "takes an unknown CI for a terminal": when(
        9,
        put("occasion_of", "it in _OTHER_CIS", "False"),
        "tests/ci/test_plain.py",
    ),
    "believes a push on a pull request's ref": when(
        9,
        never("Event.occasion", 'self.ref.startswith("refs/pull/")'),
        "tests/ci/test_github_event.py",
    ),
    "lets a photo take a page's place": when(
        9,
        never("check_live_collisions", "site is None"),
        "tests/doors/test_fences.py",
    ),
    "lets the site take a photo's place": when(
        9,
        never("check_live_collisions", "photos is None"),
        "tests/doors/test_fences.py",
    ),
    "takes any part of a plan for approved": when(
        9,
        put("Begun.covers", "{action.canonical() for action in plan.actions()} <= self.actions", "True"),
        "tests/deployment/test_begun.py",
    ),
    "takes what is left for approved whatever was there": when(
        9,
        put("Begun.covers", "not self.metadata or base in self.metadata", "True"),
        "tests/deployment/test_begun.py",
        "tests/doors/test_approval.py::test_a_part_alone_is_another_plan",
    ),
    "takes a part for approved without a proof": when(
        9,
        put("planning:_is_left_of", "begun.plan_id == approved and begun.covers(made)", "True"),
        "tests/doors/test_approval.py::test_a_part_alone_is_another_plan",
    ),
    "approves whatever encryption and class": when(
        9,
        drop("Plan._in_parts", "about |= self.told()"),
        "tests/deployment/test_planner.py::test_how_objects_are_kept_is_part_of_the_plan",
    ),
    "takes back from anywhere": when(
        9,
        put("publication:replaced_of", "is_pool_key(kept)", "True"),
        "tests/deployment/test_hostile_records.py",
    ),
    "replaces what is not a checkpoint": when(
        9,
        never("InFile.exists", "body and not _is_checkpoint(body)"),
        _RESUME + "test_what_is_no_checkpoint_is_neither_replaced_nor_removed",
    ),
    "reads XML of any size": when(
        9,
        never("documents:parsed", 'body.count(b"<") > MOST_TAGS'),
        "tests/storage/test_bad_answers.py",
    ),
    "lets a region lead the credentials astray": when(
        9,
        never("StoreSettings.__post_init__", "self.region and not _REGION.fullmatch(self.region)"),
        "tests/storage/test_settings.py",
    ),
}
