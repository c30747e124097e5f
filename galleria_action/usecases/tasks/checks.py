"""Tasks that look for what a gallery should not be: each finding has its file, and its line where there is one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import BudgetExceeded, ConfigInvalid, Finding
from galleria_action.gallery.links import LARGEST_PAGE, Base, links_of
from galleria_action.gallery.local.files import LocalFile, Opened, read_file
from galleria_action.gallery.media import extension_of, is_page
from galleria_action.gallery.position import head_tells_position
from galleria_action.gallery.telling import tells_of_people
from galleria_action.options.gallery import Links, StripGps
from galleria_action.options.studio import Duplicates
from galleria_action.pipeline.model import Outcome
from galleria_action.quantities import count, human_size
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.links import check_links
from galleria_action.usecases.parts.local import Gallery, load_gallery
from galleria_action.usecases.validate import validate
from galleria_action.values import replace

_Settings = Mapping[str, str]

#: what may be heavy, and how heavy where nothing is said; growth is in percent of what is live
LIMITS: Mapping[str, str] = {
    "full": "", "web": "1500 kB", "thumb": "150 kB", "page": "500 kB", "requests": "500", "total": "", "growth": "",
}  # fmt: skip
_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_MOST = 200
_BEGINNING = 128 << 10
_TEXTS = frozenset(
    {"html", "htm", "js", "mjs", "css", "json", "xml", "svg", "txt", "map", "webmanifest", "yml", "yaml"}
)
_LARGEST_TEXT = 1 << 20
#: names of fields that tell who or what took a photo
_TELLING = re.compile(r"(?:body|camera|lens|device)?[_ -]?serial[_ -]?(?:number|no)?|owner(?:[_ -]?name)?"
                      r"|camera[_ -]?owner(?:[_ -]?name)?|artist|author|creator|by[_ -]?line|photographer"
                      r"|person(?:s|[_ -]?in[_ -]?image)?|people|faces?|e-?mail", re.IGNORECASE)  # fmt: skip


def links(context: Context, _: _Settings) -> Outcome:
    """Whether every link of the site to a picture leads to one that will exist. Raises ``GalleryInvalid``."""
    strict = replace(context.options, gallery=replace(context.options.gallery, links=Links.FAIL))
    gallery = load_gallery(context)
    if gallery.site is None:
        return Outcome("There is no site to look at.")
    named = gallery.metadata.metadata.keys() if gallery.metadata else None
    known = named if gallery.photos is None else [file.key for file in gallery.photos]
    check_links(replace(context, options=strict), gallery.site, known, elsewhere=gallery.photos is None)
    return Outcome(f"{count(len(gallery.site), 'file')} of the site: every link to a picture leads to one.")


def duplicates(context: Context, _: _Settings) -> Outcome:
    """Whether photos show the same. Raises ``DuplicatesFound``; needs the extra ``studio``."""
    lookalikes = replace(context.options.lookalikes, duplicates=Duplicates.FAIL)
    return Outcome(validate(replace(context, options=replace(context.options, lookalikes=lookalikes))).message)


# -- budgets -------------------------------------------------------------------------------------------------------


def budgets(context: Context, settings: _Settings) -> Outcome:
    """Whether files, pages and all of it together are as light as they should be. Raises ``BudgetExceeded``."""
    limits = {name: _limit(name, settings.get(name, usual)) for name, usual in LIMITS.items()}
    gallery = load_gallery(context)
    found = [*_heavy_photos(context, gallery, limits), *_heavy_pages(context, gallery, limits)]
    size = sum(file.size for file in (*(gallery.photos or ()), *(gallery.site or ())))
    if limits["total"] and size > limits["total"]:
        found.append(Finding(f"the gallery weighs {human_size(size)}, more than {human_size(limits['total'])}"))
    if limits["growth"]:
        found += _growth(context, size, limits["growth"])
    _judge(found, "beyond its budget", "Make them smaller, or raise the limits of the task (with: …).")
    return Outcome(f"{human_size(size)} in all; everything is within its budget.")


def _limit(name: str, text: str) -> int:
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,3})?)\s*([kmg]?b)?\s*%?\s*", text, re.IGNORECASE) if text else None
    if text and match is None:
        raise ConfigInvalid(f"budgets: {name}: {text!r:.40} is not a size or a number, such as 300 kB")
    return int(float(match[1]) * _UNITS[(match[2] or "").lower()]) if match else 0


def _heavy_photos(context: Context, gallery: Gallery, limits: Mapping[str, int]) -> Iterator[Finding]:
    for file in gallery.photos or ():
        limit = limits.get(file.variant or "full", 0)
        if limit and file.size > limit:
            text = f"{file.variant or 'photo'}: {human_size(file.size)}, more than {human_size(limit)}"
            yield Finding(text, context.place.name(file.real))


def _heavy_pages(context: Context, gallery: Gallery, limits: Mapping[str, int]) -> Iterator[Finding]:
    base = Base.of(context.options.review.public_url, context.options.target.prefix or "")
    for file in gallery.site or ():
        if not is_page(file.key):
            continue
        if limits["page"] and file.size > limits["page"]:
            text = f"page: {human_size(file.size)}, more than {human_size(limits['page'])}"
            yield Finding(text, context.place.name(file.real), 1)
        if limits["requests"] and file.size <= LARGEST_PAGE:
            number = len({link.key for link in links_of(file.key, read_file(file), base)})
            if number > limits["requests"]:
                yield Finding(
                    f"it asks for {number:,} files, more than {limits['requests']:,}", context.place.name(file.real), 1
                )


def _growth(context: Context, size: int, percent: int) -> list[Finding]:
    live = sum(entry.size for entry in read_remote(context.reading_store(), listing=False).manifest.objects.values())
    if not live or size <= live * (1 + percent / 100):
        return []
    told = f"{human_size(size)}, {size / live:.2f} times the live release's {human_size(live)}"
    return [Finding(f"the gallery weighs {told}; growth allows {percent} % more")]


# -- privacy -------------------------------------------------------------------------------------------------------


def privacy(context: Context, settings: _Settings) -> Outcome:
    """What metadata and photos tell of people and places that nobody asked to publish. ``allow`` names fields of
    metadata and photos that may stay. Raises ``BudgetExceeded``."""
    allowed = frozenset(
        name.strip().casefold() for name in re.split(r"[,\n]", settings.get("allow", "")) if name.strip()
    )
    gallery, options = load_gallery(context), context.options.gallery
    found: list[Finding] = []
    if gallery.metadata:
        lines = gallery.metadata.raw.decode("utf-8-sig", "replace").splitlines()
        file = gallery.metadata.file
        document = json.loads(gallery.metadata.raw.decode("utf-8-sig"))
        for path, name, value in _fields(document):
            if name.casefold() not in allowed and (text := _told(name, value, redacted=options.redact_paths)):
                found.append(Finding(f"{path}: {text}", str(file) if file else None, _line(lines, name, value)))
    for photo in gallery.photos or ():
        told = _told_by(photo, allowed, positions=options.strip_gps is StripGps.FALSE)
        found += (Finding(text, context.place.name(photo.real)) for text in told)
    hint = (
        "Remove it from the metadata, export the photos without it, set strip-gps or redact-paths, or name the field "
        "in with: {allow: …}."
    )
    _judge(found, "that tell of people or places", hint)
    return Outcome("Neither positions nor paths, serial numbers or names.")


def _told_by(photo: LocalFile, allowed: frozenset[str], *, positions: bool) -> Iterator[str]:
    """What the file of a photo tells; its beginning is read, where cameras and editors write such things."""
    with Opened(photo) as descriptor:
        beginning = os.pread(descriptor, _BEGINNING, 0)
    if positions and head_tells_position(beginning):
        yield "it says where it was taken (strip-gps: true removes it)"
    if names := [name for name in tells_of_people(beginning) if name.casefold() not in allowed]:
        yield f"it tells who took it, whose camera it was, or on which machine it lay: {', '.join(names)}"


def _fields(document: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    if depth > 20:
        return
    if isinstance(document, dict):
        for name, value in document.items():
            yield f"{path}.{name}".lstrip("."), name, value
            yield from _fields(value, f"{path}.{name}", depth + 1)
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _fields(value, f"{path}[{number}]", depth + 1)


def _told(name: str, value: Any, *, redacted: bool) -> str:
    """What the field tells; empty for nothing."""
    if value in (None, "", [], {}):
        return ""
    if name == "original_path" and isinstance(value, str) and re.search(r"[/\\]", value) and not redacted:
        return "a path on the photographer's machine (redact-paths: true removes it)"
    if _TELLING.fullmatch(name):
        return "it tells who took the photo, who is on it, or with which camera"
    if re.fullmatch(r"gps\w*|latitude|longitude", name, re.IGNORECASE):
        return "a position (strip-gps: true removes it)"
    return ""


def _line(lines: Sequence[str], name: str, value: Any) -> int | None:
    """The first line with the field and, where it is a text, what it holds."""
    wanted = [f'"{name}"', json.dumps(value, ensure_ascii=False)[1:-1] if isinstance(value, str) else ""]
    return next((number for number, line in enumerate(lines, 1) if all(part in line for part in wanted)), None)


# -- secrets -------------------------------------------------------------------------------------------------------

#: detectors that know a kind of secret by its form; those that measure disorder would meet every hash
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip


def secrets(context: Context, _: _Settings) -> Outcome:
    """Whether the site or the metadata holds a credential. Raises ``BudgetExceeded``; what was found is never shown.
    Needs the extra ``secrets`` (detect-secrets)."""
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import transient_settings
    except ImportError:
        raise ConfigInvalid(
            "secrets: detect-secrets is not installed.",
            hint="pip install galleria-action[secrets], or leave the task out.",
        ) from None
    gallery = load_gallery(context)
    texts = [file for file in gallery.site or () if extension_of(file.key) in _TEXTS and file.size <= _LARGEST_TEXT]
    found: list[Finding] = []
    with transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}):
        for name, body in _read(context, gallery, texts):
            for number, line in enumerate(body.decode("utf-8", "replace").splitlines(), 1):
                kinds = sorted({it.type for it in scan_line(line[:10_000])})
                found += [Finding(f"it looks like a secret: {kind}", name, number) for kind in kinds]
    _judge(found, "with what looks like a secret", "Take it out and make a new one: what was published is known.")
    return Outcome(f"No secret in {count(len(texts), 'file')} of the site, nor in the metadata.")


def _read(context: Context, gallery: Gallery, texts: Sequence[LocalFile]) -> Iterator[tuple[str, bytes]]:
    if gallery.metadata:
        yield str(gallery.metadata.file), gallery.metadata.raw
    yield from ((context.place.name(file.real), read_file(file)) for file in texts)


# -- what they have in common --------------------------------------------------------------------------------------


def _judge(found: Sequence[Finding], what: str, hint: str) -> None:
    if found:
        raise BudgetExceeded(
            f"{count(len(found), 'place')} {what}.", hint=hint, findings=found[:_MOST], problems=len(found)
        )
