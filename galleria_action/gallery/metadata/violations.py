"""What breaks the schema of ``gallery-metadata.json``, in words.

jsonschema-rs decides and says where; what was expected there is the schema's own ``title``, so that schema,
documentation and messages cannot part ways. A sound gallery costs one call (70 ms for 100,000 photos), and one of a few
photos that is plainly sound (``plainly``) none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.plainly import check_of
from galleria_action.gallery.wording import shown
from galleria_action.schemas import load_schema

_Schema = Mapping[str, Any]
#: a photo as parsed JSON, with its index in ``photos``
Indexed = tuple[int, Mapping[str, Any]]


#: with more photos it takes less time to load the validator
_FEW = 500


def fits(document: Any) -> bool:
    """Whether all of ``document`` is as the schema wants it. Half a surrogate pair is nothing that fits."""
    photos = document.get("photos") if isinstance(document, dict) else None
    if isinstance(photos, list) and len(photos) <= _FEW and _plain_check()(document):
        return True
    try:
        return bool(_validator("#").is_valid(document))
    except UnicodeEncodeError:
        return False


def check_schema(document: Any, findings: Findings) -> list[Indexed]:
    """Add to ``findings`` whatever breaks the schema, and return the photos that do not.

    Once the findings are full, a broken photo counts as one.
    """
    photos = document.get("photos") if isinstance(document, dict) else None
    if not isinstance(photos, list):
        _explain(document, "#", (), findings)
        return []
    if fits(document):
        return list(enumerate(photos))
    _explain({**document, "photos": []}, "#", (), findings)
    is_photo = _validator("#/$defs/photo").is_valid
    sound: list[Indexed] = []
    for index, photo in enumerate(photos):
        # Text alone is not a photo, and half a surrogate pair in it is not text for the validator.
        if isinstance(photo, dict) and is_photo(photo):
            sound.append((index, photo))
        elif findings.full:
            findings.count += 1
        else:
            _explain(photo, "#/$defs/photo", ("photos", index), findings)
    return sound


def _explain(part: Any, reference: str, base: Place, findings: Findings) -> None:
    """Add a finding for each place in ``part``, which stands at ``base``, that does not fit the schema there."""
    schema = _resolved(reference)
    subject = _subject(part, base)
    for field, place in dict(_misfits(part, reference, schema)).items():
        state = "missing" if field != place else shown(_value_at(part, place))
        findings.add(
            f"{subject}{_dotted(field)} is {state}; expected {_at(schema, field)['title']}", place=base + place
        )


def _misfits(part: Any, reference: str, schema: _Schema) -> Iterator[tuple[Place, Place]]:
    """Each field that does not fit, and the place to point at: its own, or for a missing field that of its object."""
    for error in _validator(reference).iter_errors(_known_part(part, schema)):
        place = tuple(error.instance_path)
        missing = getattr(error.kind, "property", None)
        yield (place if missing is None else (*place, missing)), place


def _subject(part: Any, base: Place) -> str:
    if not base:
        return ""
    photo_id = part.get("id") if isinstance(part, dict) else None
    name = shown(photo_id) if isinstance(photo_id, str) and photo_id else f"number {int(base[1]) + 1}"
    return f"photo {name}: "


def _dotted(place: Place) -> str:
    return ".".join(map(str, place)) or "it"


def _value_at(part: Any, place: Place) -> Any:
    for name in place:
        part = part[name]
    return part


@cache
def _plain_check() -> Callable[[Any], bool]:
    schema = load_schema("gallery-metadata")
    return check_of(schema, schema)


# -- the schema ----------------------------------------------------------------------------------------------------


@cache
def _validator(reference: str) -> Any:
    # Imported late: a command that reads no metadata needs no validator. The mask keeps values out of the texts
    # that are built for each error, however large the value is.
    import jsonschema_rs

    schema = load_schema("gallery-metadata")
    part = schema if reference == "#" else {"$ref": reference, "$defs": schema["$defs"]}
    return jsonschema_rs.Draft202012Validator(part, mask="it")


def _resolved(reference: str) -> _Schema:
    schema: _Schema = load_schema("gallery-metadata")
    for step in reference.removeprefix("#").split("/")[1:]:
        schema = schema[step]
    return schema


def _at(schema: _Schema, place: Place) -> _Schema:
    """The part of ``schema`` that describes ``place``."""
    for name in place:
        schema = schema["items"] if isinstance(name, int) else schema["properties"][name]
        if "$ref" in schema:
            schema = {**_resolved(schema["$ref"]), **schema}
    return schema


def _known_part(value: Any, schema: _Schema) -> Any:
    """``value`` without unknown fields and without the insides of containers where none belong: each error carries a
    copy of what it is about, for which half a surrogate pair is no text."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {name: _known_part(value[name], _at(schema, (name,))) for name in known if name in value}
    if isinstance(value, list):
        return [_known_part(item, {}) for item in value[:3]]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
