"""``cors``: show or set the rules that let a gallery's pages read their metadata from another origin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from galleria_action.errors import CorsMissing, GalleriaError
from galleria_action.options.checks import Cors
from galleria_action.storage.opening import open_cors
from galleria_action.storage.s3.cors_rules import CorsUnsupported, cors_rules_match, get_default_gallery_cors_rules
from galleria_action.usecases.context import Context
from galleria_action.usecases.results import Answered
from galleria_action.values import replace

if TYPE_CHECKING:
    from galleria_action.storage.s3.bucket_cors import BucketCors

_WRITE = "Set setup-cors: true to have them written (needs the permission s3:PutBucketCORS)"
_HINT = (
    f"{_WRITE}, write them once with `galleria-action cors --setup-cors`, or set cors: skip if nobody reads the "
    "gallery from another origin."
)


def cors(context: Context) -> Answered:
    """Show the bucket's rules; with ``setup-cors`` write the gallery's where they are missing or differ.

    Raises ``CorsMissing`` when the rules a gallery needs are not there, and the storage's errors.
    """
    try:
        rules = _Rules.of(context)
    except CorsUnsupported as error:
        return Answered(f"{error} Set them where the service offers it, if they matter.")
    if rules is None:
        return Answered("A folder has no CORS rules; the server in front of it decides.")
    writes = not rules.suffice and context.options.checks.setup_cors
    for line in json.dumps(rules.after if writes else rules.current, indent=2).splitlines():
        context.say(line)
    if rules.suffice:
        return Answered("The bucket's CORS rules permit what a gallery needs.")
    if context.options.checks.setup_cors and context.options.dry_run:
        return Answered(f"The gallery's CORS rules would be written to {context.target.bucket}.")
    if not context.options.checks.setup_cors:
        raise CorsMissing(
            f"The CORS rules that a gallery needs are missing in {context.target.bucket}.", hint=f"{_WRITE}."
        )
    rules.write()
    return Answered(f"The gallery's CORS rules were written to {context.target.bucket}.")


def check_cors(context: Context, *, may_write: bool) -> None:
    """The CORS step of a plan or deploy, under the options ``cors`` and ``setup-cors``.

    Raises ``CorsMissing``, and the storage's errors, under ``cors: require``; not where the site lies beside the
    photos, whose visitors need no rules, unless the rules were asked for.
    """
    if context.options.checks.cors is Cors.SKIP and not context.options.checks.setup_cors:
        return
    try:
        rules = _Rules.of(context)
        if rules is None or rules.suffice:
            return
        if context.options.checks.setup_cors:
            if may_write:
                rules.write()
            context.say("CORS: the gallery's rules " + ("were written" if may_write else "would be written"))
            return
        if _site_beside_photos(context):
            context.say("CORS: no rules for other origins; the site lies beside the photos and needs none")
            return
        raise CorsMissing(
            f"The CORS rules that a gallery needs are missing in {context.target.bucket}: browsers could not read its "
            "metadata from another origin. Nothing was written.",
            hint=_HINT,
        )
    except CorsUnsupported as error:
        context.warn(f"CORS rules could not be checked: {error} Set them where the service offers it, if they matter.")
    except GalleriaError as error:
        needed = context.options.checks.setup_cors or not _site_beside_photos(context)
        if context.options.checks.cors is Cors.REQUIRE and needed:
            raise
        context.warn(f"CORS: {error.message}")


def _site_beside_photos(context: Context) -> bool:
    """Whether the pages that show the photos come from the bucket that the photos come from: one origin for both."""
    gallery = context.options.gallery
    return gallery.site is not None and not gallery.photos_only


class _Rules:
    """The rules of one bucket, beside those that a gallery needs."""

    def __init__(self, bucket: BucketCors) -> None:
        self._bucket = bucket
        self.current = bucket.read()
        self.wanted: Sequence[dict[str, Any]] = get_default_gallery_cors_rules()
        self.after = [*self.wanted, *self.current]
        self.suffice = cors_rules_match(self.current, self.wanted)

    @classmethod
    def of(cls, context: Context) -> _Rules | None:
        """Ask the bucket; ``None`` for a folder."""
        bucket = open_cors(replace(context.settings, pause=context.stop.pause))
        return cls(bucket) if bucket else None

    def write(self) -> None:
        """Add the gallery's rule to those that are there for others."""
        self._bucket.write(self.after)
