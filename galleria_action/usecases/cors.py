"""``cors``: show or set the rules that let a gallery's pages read their metadata from another origin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from galleria_action.errors import CorsMissing, GalleriaError
from galleria_action.usecases.context import Context
from galleria_action.usecases.results import Answered

_HINT = (
    "Set setup-cors: true to have them written (needs the permission s3:PutBucketCORS), write them once with "
    "`galleria-action cors --setup-cors`, or set cors: skip if nobody reads the gallery from another origin."
)


def cors(context: Context) -> Answered:
    """Show the bucket's rules; with ``setup-cors`` write the gallery's where they are missing or differ.

    Raises ``CorsMissing`` when the rules a gallery needs are not there, and the storage's errors.
    """
    rules = _Rules.of(context)
    if rules is None:
        return Answered("A folder has no CORS rules; the server in front of it decides.")
    for line in json.dumps(rules.current, indent=2).splitlines():
        context.say(line)
    if rules.suffice:
        return Answered("The bucket's CORS rules permit what a gallery needs.")
    if not context.options.checks.setup_cors or context.options.dry_run:
        raise CorsMissing(f"The CORS rules that a gallery needs are missing in {context.target.bucket}.", hint=_HINT)
    rules.write()
    return Answered(f"The gallery's CORS rules were written to {context.target.bucket}.")


def check_cors(context: Context, *, may_write: bool) -> None:
    """The CORS step of a plan or deploy, under the options ``cors`` and ``setup-cors``.

    Raises ``CorsMissing``, and the storage's errors, under ``cors: require``.
    """
    if context.options.checks.cors == "skip" and not context.options.checks.setup_cors:
        return
    from galleria_action.storage.s3.cors import CorsUnsupported

    try:
        rules = _Rules.of(context)
        if rules is None or rules.suffice:
            return
        if context.options.checks.setup_cors:
            if may_write:
                rules.write()
            context.say("CORS: the gallery's rules " + ("were written" if may_write else "would be written"))
            return
        raise CorsMissing(
            f"The CORS rules that a gallery needs are missing in {context.target.bucket}: browsers could not read its "
            "metadata from another origin. Nothing was written.",
            hint=_HINT,
        )
    except CorsUnsupported as error:
        context.warn(f"CORS rules could not be checked: {error} Set them where the service offers it, if they matter.")
    except GalleriaError as error:
        if context.options.checks.cors == "require":
            raise
        context.warn(f"CORS: {error.message}")


class _Rules:
    """The rules of one bucket, beside those that a gallery needs."""

    def __init__(self, client: Any, bucket: str) -> None:
        from galleria_action.storage.s3.cors import cors_rules_match, get_default_gallery_cors_rules, read_cors_rules

        self.client = client
        self.bucket = bucket
        self.current = read_cors_rules(client, bucket)
        self.wanted: Sequence[dict[str, Any]] = get_default_gallery_cors_rules()
        self.suffice = cors_rules_match(self.current, self.wanted)

    @classmethod
    def of(cls, context: Context) -> _Rules | None:
        """Ask the bucket; ``None`` for a folder. The client is made here because only CORS needs it."""
        from galleria_action.storage.settings import FOLDER

        if context.target.endpoint == FOLDER:
            return None
        from galleria_action.storage.providers import provider_of
        from galleria_action.storage.s3.client import make_client

        provider = provider_of(context.target.endpoint, context.settings.provider)
        return cls(make_client(context.settings, provider), context.target.bucket)

    def write(self) -> None:
        """Add the gallery's rule to those that are there for others."""
        from galleria_action.storage.s3.cors import write_cors_rules

        write_cors_rules(self.client, self.bucket, [*self.wanted, *self.current])
