"""Galleries of pull requests, beside the live one."""

from __future__ import annotations

from galleria_action.deployment.previews.marks import is_name
from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import TEXT, Kind, count, shown
from galleria_action.values import dataclass

OFF, AUTO = "off", "auto"


def _preview(text: str) -> str:
    if text == "false":  # YAML 1.1 reads a bare `off` so
        return OFF
    if is_name(text) and text != "true":
        return text
    raise ValueError(
        f"{shown(text)} is neither off nor auto nor the name of a preview: up to 63 lower-case letters, digits, hyphens"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions(Group):
    """Previews: which one, where, for how long."""

    preview: str = option(
        Kind("NAME", _preview, {"type": ["string", "boolean"], "not": {"const": True}}),
        "off",
        "deploy beside the live gallery, to previews/<name>/: off, auto (pr-<number>, on a pull request), or a name",
        Topic.PREVIEW,
    )
    preview_bucket: str | None = optional(
        TEXT,
        "where previews lie: a bucket or s3://bucket/prefix of the same service; if empty, under the target",
        Topic.PREVIEW | Topic.PREVIEWS,
    )
    preview_days: int = option(
        count(3650), "14", "days after its last deploy when cleanup removes a preview", Topic.PREVIEW
    )
