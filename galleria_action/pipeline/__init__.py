"""Pipelines: stages with tasks. The public names, for programs, come from ``galleria_action.programs`` and here."""

from __future__ import annotations

from typing import Any

_MODEL = frozenset({"Pipeline", "Stage", "Task"})
_PUBLIC = frozenset({"DeploymentEnvironment", "DeploymentStrategy", "PipelineResult", "execute_pipeline"})

__all__ = sorted(_MODEL | _PUBLIC)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: the commands do without them."""
    if name in _MODEL:
        from galleria_action.pipeline import model

        return getattr(model, name)
    if name in _PUBLIC:
        from galleria_action import programs

        return getattr(programs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
