"""What each output of a run means, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Mapping

OUTPUTS: Mapping[str, str] = {
    "success": "true when the run ended well",
    "dry-run": "true when nothing was to be written to the gallery: a plan, or a preview",
    "changed": "true when a deploy, or process, has or had anything to do",
    "mode": "metadata or directory",
    "plan-id": "SHA-256 over target, remote state and every action",
    "plan-file": "plan.json, relative to the workspace",
    "shards": "JSON list of the values of shard, for strategy.matrix; empty without shard-count",
    "result-file": "result.json, relative to the workspace",
    "report-file": "the report to look at, relative to the workspace",
    "photos-to-upload": "photos that the plan uploads",
    "photos-to-delete": "photos that the plan deletes",
    "photos-unchanged": "photos that stay as they are",
    "photos-with-position": "photos to be uploaded (of `validate`: all) that tell on disk where they were taken",
    "bytes-to-upload": "bytes that the plan uploads",
    "photos-uploaded": "photos of which files were uploaded",
    "photos-deleted": "photos that were deleted",
    "files-uploaded": "files that were uploaded",
    "files-skipped": "files that were there already",
    "bytes-uploaded": "bytes that were uploaded",
    "metadata-uploaded": "true when the metadata was committed",
    "consistent": "true when the bucket was verified and holds exactly the gallery",
    "missing-files": "count of missing objects",
    "orphaned-files": "count of objects in the gallery's folders that nothing names",
    "mismatched-files": "count of objects with other bytes than deployed",
    "duplicates": "count of photos that show what a better one shows",
    "release-id": "the release that this run made",
    "previous-release": "the release that a rollback would bring back",
    "preview-url": "where the preview is seen that this run deployed",
    "purge-owed": "count of addresses that a cache may still hold as they were",
    "probe": "what a look as a visitor came to: passed, failed, rolled-back; empty without one",
    "pipeline-id": "the run of the pipeline, to go on with by continue",
    "url": "where visitors see the gallery (public-url)",
    "failure-reason": "empty, or one word of the table in docs/reference.md",
    "message": "the last word of the run",
}
