"""What was found, as JSON for other programs."""

from __future__ import annotations

import json
from typing import Any

from galleria_action.gallery.originals.describe import presentable
from galleria_action.studio.duplicates.find import Found, Search
from galleria_action.studio.duplicates.groups import Member
from galleria_action.studio.duplicates.measure import Measured


def duplicates_json(found: Found, search: Search) -> bytes:
    """The JSON report (``schemas/duplicates.schema.json``) as UTF-8 with a final line end."""
    document = {
        "schema": 1,
        "settings": {
            "threshold": search.rules.threshold,
            "hash_size": search.rules.hash_size,
            "min_resolution": search.min_resolution,
            "use_ssim": search.use_ssim,
        },
        "images": found.images,
        "duplicates": found.duplicates,
        "skipped": [presentable(path) for path in found.skipped],
        "problems": [{"path": presentable(p.path), "text": p.text} for p in found.problems],
        "groups": [
            {"best": _photo(group.best), "others": [_member(member) for member in group.others]}
            for group in found.groups
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _photo(photo: Measured) -> dict[str, Any]:
    width, height = photo.pixels
    return {
        "path": presentable(photo.path),
        "sha256": photo.sha256,
        "bytes": photo.size,
        "width": width,
        "height": height,
        "taken": photo.taken or None,
        "camera": photo.camera or None,
        "phash": photo.hashes.phash[0],
    }


def _member(member: Member) -> dict[str, Any]:
    similarity = None if member.similarity is None else round(member.similarity, 3)
    return {**_photo(member.photo), "likeness": member.likeness.value, "distance": member.distance, "ssim": similarity}
