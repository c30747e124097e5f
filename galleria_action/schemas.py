"""Finds and reads the JSON Schemas: beside the package in a checkout or image, inside it when installed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


@cache
def load_schema(name: str) -> Any:
    """The schema ``<name>.schema.json`` as parsed JSON. ``name`` is one of the project's own, never user input."""
    folder = next(folder for folder in _FOLDERS if (folder / f"{name}.schema.json").is_file())
    return json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
