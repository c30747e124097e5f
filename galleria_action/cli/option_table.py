"""Every option of the contract, declared once: name, default, meaning and the places it can come from.

``action.yml``, the command line, ``schemas/galleria-config.schema.json`` and the README's table are proved against
``OPTIONS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Command = Literal["validate", "plan", "deploy", "finalize", "verify", "cors"]
COMMANDS: Mapping[str, str] = {
    "validate": "check the gallery on disk; needs no network",
    "plan": "show what a deploy would do; reads only",
    "deploy": "upload what changed, commit the metadata, delete what is gone, verify",
    "finalize": "check that all shards of a plan are there, then commit, delete, verify as deploy does",
    "verify": "check that the bucket holds exactly what its metadata says; reads only",
    "cors": "show the bucket's CORS rules; with setup-cors write the gallery's",
}
Kind = Literal["text", "path", "boolean", "choice", "count", "secret"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option. ``also`` are further environment names, in order of precedence after ``GALLERIA_<NAME>``."""

    name: str
    help: str
    default: str = ""
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    commands: tuple[str, ...] = ("plan", "deploy", "finalize", "verify", "cors")
    also: tuple[str, ...] = ()
    in_config: bool = True

    @property
    def parameter(self) -> str:
        """The option's name as a Python identifier."""
        return self.name.replace("-", "_")

    @property
    def environment_names(self) -> tuple[str, ...]:
        """As CIs set it: ``INPUT_*`` of an action (upper case, hyphens kept), ``PLUGIN_*`` of a plugin (Drone keeps
        hyphens, Woodpecker does not); then ``GALLERIA_*``, then the others."""
        upper, plain = self.name.upper(), self.name.upper().replace("-", "_")
        by_ci = dict.fromkeys((f"INPUT_{upper}", f"PLUGIN_{upper}", f"PLUGIN_{plain}"))
        return (*by_ci, f"GALLERIA_{plain}", *self.also)


def _flag(name: str, text: str, *commands: str) -> Option:
    return Option(name, text, "false", "boolean", ("true", "false"), commands)


def _choice(name: str, choices: str, text: str, *commands: str) -> Option:
    """A choice whose first value is the default."""
    values = tuple(choices.split())
    return Option(name, text, values[0], "choice", values, commands)


_LOCAL = ("validate", "plan", "deploy", "finalize")
_WRITING = ("plan", "deploy", "finalize")
_APPLYING = ("deploy", "finalize")
_PHOTO_CACHE = "public, max-age=86400"
_SITE_CACHE = "public, max-age=0, must-revalidate"

OPTIONS: tuple[Option, ...] = (
    Option("source", "folder with the photos and gallery-metadata.json", "prod/pics", "path", commands=_LOCAL),
    Option("metadata-file", "another metadata file; when none exists: directory mode", kind="path", commands=_LOCAL),
    Option("site", "folder of the static site, uploaded to the prefix's root", kind="path", commands=_LOCAL),
    _flag("photos-only", "leave the site alone", *_LOCAL),
    _flag("site-only", "leave the photos alone", *_LOCAL),
    Option("bucket", "bucket, or s3://bucket/prefix, or file:///folder", also=("GALLERIA_S3_PUBLIC_BUCKET",)),
    Option("prefix", "key prefix inside the bucket"),
    Option(
        "endpoint",
        "URL or bare host of an S3-compatible service; empty for AWS",
        also=("GALLERIA_S3_PUBLIC_ENDPOINT",),
    ),
    Option("region", "region", "us-east-1", also=("GALLERIA_S3_PUBLIC_REGION",)),
    Option(
        "access-key",
        "access key; without it AWS's own credential chain",
        kind="secret",
        also=("GALLERIA_S3_PUBLIC_ACCESS_KEY",),
        in_config=False,
    ),
    Option("secret-key", "secret key", kind="secret", also=("GALLERIA_S3_PUBLIC_SECRET_KEY",), in_config=False),
    Option("session-token", "session token of temporary credentials", kind="secret", in_config=False),
    Option("provider", "provider profile; auto recognises it by the endpoint", "auto"),
    _flag("dry-run", "deploy becomes plan", "deploy"),
    _flag("force", "upload every photo whatever the hashes say", *_WRITING),
    _choice("cors", "require warn skip", "what missing CORS rules do; require stops", *_WRITING),
    _flag("setup-cors", "write the default gallery rules when they are missing or differ", *_WRITING, "cors"),
    Option(
        "max-delete",
        "refuse a plan that deletes more photos: a count, or a share of the remote ones",
        "25%",
        commands=_WRITING,
    ),
    _flag("allow-empty", "permit a gallery with no photos to replace one that has some", *_WRITING),
    _choice("orphans", "fail warn ignore delete", "what objects that no metadata names do", *_WRITING, "verify"),
    _choice(
        "verify",
        "list deep off",
        "how the bucket is checked: list (present, size, ETag), deep (download and hash), off",
        *_WRITING,
        "verify",
    ),
    _choice("hash-check", "warn strict off", "what a deployment_file_hash that does not match does", *_APPLYING),
    _choice("exif-errors", "warn fail", "what a photo whose EXIF cannot be edited does", *_APPLYING),
    _flag("strip-gps", "remove the position from the published photos", *_WRITING),
    _flag("redact-paths", "publish only the last part of each original_path", *_WRITING),
    Option("acl", "canned ACL sent with each object", commands=_APPLYING),
    Option("cache-control-photos", "Cache-Control of photos", _PHOTO_CACHE, commands=_WRITING),
    Option("cache-control-site", "Cache-Control of the site", _SITE_CACHE, commands=_WRITING),
    Option("cache-control-metadata", "Cache-Control of the metadata", "no-cache", commands=_WRITING),
    Option(
        "concurrency",
        "most uploads in flight; fewer where more are no faster",
        "128",
        "count",
        commands=(*_APPLYING, "verify"),
    ),
    Option("resume", "continue an interrupted deploy", "true", "boolean", ("true", "false"), _APPLYING),
    Option("checkpoint-file", "keep the checkpoint in a local file instead", kind="path", commands=_APPLYING),
    Option(
        "shard-count",
        "divide the uploads of photos among so many jobs at most",
        kind="count",
        commands=("plan", "finalize"),
    ),
    Option(
        "shard",
        "upload only this share of the photos, such as 3/8; needs approved-plan",
        commands=("deploy",),
        in_config=False,
    ),
    Option("config", "config file; galleria.yml if present", kind="path", commands=tuple(COMMANDS), in_config=False),
    Option("environment", "section of the config file", commands=tuple(COMMANDS), in_config=False),
    Option(
        "plan-file",
        "where to write the plan; in CI galleria-plan.json, on a terminal nowhere",
        kind="path",
        commands=_WRITING,
    ),
    Option(
        "result-file",
        "where to write the result; in CI galleria-result.json, on a terminal nowhere",
        kind="path",
        commands=tuple(COMMANDS),
    ),
    Option("approved-plan", "plan id that must match", commands=_WRITING),
    _choice(
        "plan-approval",
        "off warn require",
        "what a plan does that is not the one in the merged pull request's comment; require stops",
        *_APPLYING,
    ),
    _choice("comment", "changes always off", "when to comment on the pull request", *_WRITING),
    Option("label", "tells several galleries of one repository apart", commands=_WRITING),
    Option("github-token", "token for comment and deployment", kind="secret", commands=_WRITING, in_config=False),
    Option("public-url", "where visitors see the gallery", commands=tuple(COMMANDS)),
    Option("environment-url", "address shown by a GitHub deployment; public-url if empty", commands=_APPLYING),
    _choice(
        "progress", "auto off", "bar on a terminal, a line every 10 s elsewhere; off for none", *_APPLYING, "verify"
    ),
)
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}

#: not allowed in the config file, which lies in the repository
SECRETS: tuple[str, ...] = tuple(option.name for option in OPTIONS if option.kind == "secret")

#: where a run with credentials goes, and what it calls the gallery
DESTINATION: tuple[str, ...] = ("endpoint", "bucket", "provider", "region", "public-url")
