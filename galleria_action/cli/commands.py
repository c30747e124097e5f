"""The commands."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "validate": "check the gallery on disk; needs no network",
    "plan": "show what a deploy would do; reads only",
    "deploy": "upload what changed, commit the metadata, delete what is gone, verify",
    "finalize": "check that all shards of a plan are there, then commit, delete, verify as deploy does",
    "verify": "check that the bucket holds exactly what its metadata says; reads only",
    "cors": "show the bucket's CORS rules; with setup-cors write the gallery's",
}
