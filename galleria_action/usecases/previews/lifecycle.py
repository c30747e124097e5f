"""The safety net below ``cleanup``: a rule of the bucket that deletes what has been forgotten, told for each service.

A service counts from when an object was written: what does not change in a long pull request is deleted under its eyes
(docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html). So the rule waits much longer than we do.
"""

from __future__ import annotations

import json

from galleria_action.deployment.layout import PREVIEWS_FOLDER
from galleria_action.storage.interface import RECORDS, Target
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import FOLDER, StoreSettings

_TIMES = 4


def safety_net(settings: StoreSettings, target: Target, days: int) -> list[str]:
    """What to do once, in lines, so that previews in ``target`` go even if nobody ever cleans up."""
    if target.endpoint == FOLDER:
        return []
    provider, longest = provider_of(settings.target.endpoint, settings.provider), days * _TIMES
    folders = [f"{target.prefix}{folder}" for folder in (PREVIEWS_FOLDER, f"{RECORDS}{PREVIEWS_FOLDER}")]
    title = (
        f"As a safety net the bucket can delete by itself what lies below {' and '.join(folders)} for {longest} days:"
    )
    return [title, *_how(provider.name, target.bucket, folders, longest)]


def _how(provider: str, bucket: str, folders: list[str], days: int) -> list[str]:
    if provider == "r2":
        return [
            f"  wrangler r2 bucket lifecycle add {bucket} galleria-previews-{number} {folder} --expire-days {days}"
            for number, folder in enumerate(folders, 1)
        ]
    if provider == "gcs":
        condition = {"age": days, "matchesPrefix": folders}
        rule = {"rule": [{"action": {"type": "Delete"}, "condition": condition}]}
        return [
            f"  gcloud storage buckets update gs://{bucket} --lifecycle-file=FILE, where FILE holds",
            f"  {json.dumps(rule)}",
        ]
    if provider == "b2":
        rules = [
            {"fileNamePrefix": it, "daysFromUploadingToHiding": days, "daysFromHidingToDeleting": 1} for it in folders
        ]
        return [f"  b2 bucket update --lifecycle-rule '{json.dumps(it)}' {bucket}" for it in rules]
    rules_of_s3 = [
        {
            "ID": f"galleria-previews-{number}", "Status": "Enabled", "Filter": {"Prefix": folder},
            "Expiration": {"Days": days},
        }
        for number, folder in enumerate(folders, 1)
    ]  # fmt: skip
    return [
        f"  aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration '"
        f"{json.dumps({'Rules': rules_of_s3})}'",
        "  (this replaces all rules that the bucket has: add them to yours, if there are any)",
    ]
