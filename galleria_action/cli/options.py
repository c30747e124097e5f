"""The options of one run: ``resolve`` turns the texts that arrived into one typed value, with all mistakes together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from galleria_action.cli.option_table import BY_NAME, COMMANDS, SECRETS, Command
from galleria_action.deployment.guards import DeleteLimit
from galleria_action.deployment.shards import MOST_SHARDS, Shard
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.storage.settings import StoreSettings, parse_target


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The Cache-Control header of each kind of object."""

    photos: str
    site: str
    metadata: str


@dataclass(frozen=True, slots=True)
class Options:
    """All options, typed. Paths are as the user gave them, relative to the workspace unless absolute."""

    command: Command
    source: Path
    metadata_file: Path | None
    site: Path | None
    photos_only: bool
    site_only: bool
    store: StoreSettings | None
    dry_run: bool
    force: bool
    cors: str
    setup_cors: bool
    max_delete: DeleteLimit
    allow_empty: bool
    orphans: str
    verify: str
    hash_check: str
    exif_errors: str
    strip_gps: bool
    redact_paths: bool
    cache_control: CacheControl
    concurrency: int
    resume: bool
    checkpoint_file: Path | None
    shard_count: int | None
    shard: Shard | None
    plan_file: Path | None
    result_file: Path | None
    approved_plan: str | None
    plan_approval: str
    comment: str
    label: str
    github_token: str | None = field(repr=False)
    public_url: str | None
    environment: str | None
    environment_url: str | None
    progress: str

    @property
    def sharded(self) -> bool:
        """Whether this run is one of several that carry out one plan together."""
        return self.command == "finalize" or (self.shard is not None and not self.dry_run)


@dataclass(slots=True)
class _Reader:
    """Reads typed values out of the given texts and collects every mistake on the way."""

    values: Mapping[str, str]
    problems: list[Finding]

    def text(self, name: str) -> str:
        return self.values.get(name) or BY_NAME[name].default

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        if "\0" in text:
            self.wrong(name, "a path cannot contain a NUL character")
            return None
        return Path(text) if text else None

    def choice(self, name: str) -> str:
        text, choices = self.text(name), BY_NAME[name].choices
        if text in choices:
            return text
        self.wrong(name, f"{_shown(text)} is not one of {', '.join(choices)}")
        return choices[0]

    def boolean(self, name: str) -> bool:
        """YAML 1.2's core spellings, as GitHub's own ``getBooleanInput`` accepts them."""
        text = self.text(name)
        if text not in ("true", "True", "TRUE", "false", "False", "FALSE"):
            self.wrong(name, f"{_shown(text)} is neither true nor false")
        return text.lower() == "true"

    def count(self, name: str, most: int) -> int:
        text = self.text(name)
        if re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= most:
            return int(text)
        self.wrong(name, f"{_shown(text)} is not a whole number from 1 to {most}")
        return 1

    def address(self, name: str) -> str | None:
        """A web address without a slash at its end."""
        text = self.text(name)
        if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
            self.wrong(name, f"{_shown(text)} is not an http or https address")
        return text.rstrip("/") or None

    def parsed(self, name: str, parse: Callable[[str], Any], fallback: Any) -> Any:
        try:
            return parse(self.text(name))
        except ValueError as error:
            self.wrong(name, str(error))
            return fallback

    def wrong(self, name: str, text: str) -> None:
        self.problems.append(Finding(f"{name}: {text}"))


def resolve(command: str, values: Mapping[str, str], problems: list[Finding], *, needs_bucket: bool = True) -> Options:
    """Turn ``values`` (option name → text; absent or empty means not given) into ``Options``.

    ``problems`` are the mistakes found so far, in flags or in the config file. Without ``needs_bucket`` a bucket that
    is not given is none. Raises ``ConfigInvalid`` with all of
    them and all that are found here.
    """
    read = _Reader(values, list(problems))
    if command not in COMMANDS:
        read.problems.append(Finding(f"command: {_shown(command)} is not one of {', '.join(COMMANDS)}"))
    photos_only, site_only = read.boolean("photos-only"), read.boolean("site-only")
    if photos_only and site_only:
        read.wrong("photos-only", "together with site-only nothing is left to deploy; give one of the two")
    if site_only and not read.text("site"):
        read.wrong("site", "site-only needs the folder of the site")
    strip_gps = read.boolean("strip-gps")
    if strip_gps and read.text("hash-check") == "strict":
        read.wrong("strip-gps", "not with hash-check: strict; the metadata's hashes are of photos with their position")
    approved = read.optional("approved-plan")
    if approved and not re.fullmatch(r"[0-9a-f]{64}", approved):
        read.wrong("approved-plan", f"{_shown(approved)} is not a plan id (64 hexadecimal digits)")
    shard, shard_count = _shards(read, command)
    for name in ("cache-control-photos", "cache-control-site", "cache-control-metadata"):
        if not read.text(name).isprintable() or not read.text(name).isascii():
            read.wrong(name, "a header holds printable ASCII characters only")
    options = Options(
        command=cast(Command, command),
        source=read.path("source") or Path(),
        metadata_file=read.path("metadata-file"),
        site=read.path("site"),
        photos_only=photos_only,
        site_only=site_only,
        store=_store(read) if command != "validate" and (needs_bucket or read.text("bucket")) else None,
        dry_run=read.boolean("dry-run"),
        force=read.boolean("force"),
        cors=read.choice("cors"),
        setup_cors=read.boolean("setup-cors"),
        max_delete=read.parsed("max-delete", DeleteLimit.parse, DeleteLimit()),
        allow_empty=read.boolean("allow-empty"),
        orphans=read.choice("orphans"),
        verify=read.choice("verify"),
        hash_check=read.choice("hash-check"),
        exif_errors=read.choice("exif-errors"),
        strip_gps=strip_gps,
        redact_paths=read.boolean("redact-paths"),
        cache_control=CacheControl(
            read.text("cache-control-photos"), read.text("cache-control-site"), read.text("cache-control-metadata")
        ),
        concurrency=read.count("concurrency", 1024),
        resume=read.boolean("resume"),
        checkpoint_file=read.path("checkpoint-file"),
        shard_count=shard_count,
        shard=shard,
        plan_file=read.path("plan-file"),
        result_file=read.path("result-file"),
        approved_plan=approved,
        plan_approval=read.choice("plan-approval"),
        comment=read.choice("comment"),
        label=read.text("label"),
        github_token=read.optional("github-token"),
        public_url=read.address("public-url"),
        environment=read.optional("environment"),
        environment_url=read.address("environment-url"),
        progress=read.choice("progress"),
    )
    if read.problems:
        raise ConfigInvalid(
            _headline(read.problems),
            hint="Every option, its default and the places it can come from: see Options in the README.",
            findings=read.problems,
        )
    return options


def _shards(read: _Reader, command: str) -> tuple[Shard | None, int | None]:
    """The options ``shard`` and ``shard-count``, and what does not go with them."""
    count = read.count("shard-count", MOST_SHARDS) if read.text("shard-count") else None
    shard = read.parsed("shard", Shard.parse, None) if read.text("shard") else None
    approved = read.text("approved-plan")
    if read.text("shard"):
        if command != "deploy":
            read.wrong("shard", f"only deploy uploads a share of a plan; {command} knows no shards")
        if not approved:
            read.wrong(
                "shard", "needs approved-plan: the output plan-id of the plan that the shards carry out together"
            )
        if read.text("checkpoint-file"):
            read.wrong("checkpoint-file", "not with shard; a shard's report in the bucket is its checkpoint")
    if command == "finalize":
        if not read.text("shard-count"):
            read.wrong("shard-count", "finalize needs the same number as plan, to know what shards there are")
        if not approved:
            read.wrong("approved-plan", "finalize needs the output plan-id of the plan whose shards it checks")
        if read.boolean("dry-run"):
            read.wrong("dry-run", "not with finalize; plan shows what it would do")
    return shard, count


def _store(read: _Reader) -> StoreSettings | None:
    bucket = read.text("bucket")
    if not bucket:
        read.wrong(
            "bucket", "not given. A gallery needs a place to go: a bucket name, s3://bucket/prefix or file:///folder"
        )
        return None
    if bool(read.text("access-key")) != bool(read.text("secret-key")):
        given, lacking = ("access-key", "secret-key") if read.text("access-key") else ("secret-key", "access-key")
        read.wrong(lacking, f"not given, but {given} is; they belong together. Is a secret missing in the repository?")
    try:
        target = parse_target(bucket, read.text("prefix"), read.text("endpoint"))
        return StoreSettings(
            target=target,
            region=read.values.get("region"),  # not given: the provider's own default
            access_key=read.optional("access-key"),
            secret_key=read.optional("secret-key"),
            session_token=read.optional("session-token"),
            provider=read.text("provider"),
            acl=read.optional("acl"),
            concurrency=read.count("concurrency", 1024),
        )
    except ValueError as error:
        read.problems.append(Finding(str(error)))
        return None


#: what Galleria prints when the storage is not configured; its users know these words
MISSING_S3 = "Error: Missing S3 configuration"


def _headline(problems: list[Finding]) -> str:
    if any(
        str(problem).startswith(("bucket: not given", "access-key: not", "secret-key: not")) for problem in problems
    ):
        return MISSING_S3
    return f"{len(problems)} options are wrong" if len(problems) > 1 else "An option is wrong"


def _shown(text: str) -> str:
    """A user's text in a message: on one line, bounded."""
    shown = repr(text)
    return shown if len(shown) <= 80 else f"{shown[:77]}...'"


def secrets_in(values: Mapping[str, str]) -> Iterator[str]:
    """The secret values among ``values``, to be masked before anything else happens."""
    return (values[name] for name in SECRETS if values.get(name))
