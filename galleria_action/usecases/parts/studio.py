"""The way into the studio, which is an extra: it is imported when it is asked for, and its ends become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.usecases.context import Context

#: what the extra brings
_EXTRA = frozenset({"PIL", "numpy", "jinja2"})


@contextmanager
def studio(context: Context) -> Iterator[None]:
    """Import the studio inside. Raises ``ConfigInvalid`` where it is not installed, ``Cancelled`` after a stop."""
    from galleria_action.studio.pool import Stopped

    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ConfigInvalid(
            f"{context.options.command} needs the studio, which is not installed here ({missing.name} is missing).",
            hint="On the command line: pip install galleria-action[studio]. In a workflow: the action process/ of this "
            "repository, uses: galleria-action/galleria-action/process@v1.",
        ) from None
    except Stopped:
        context.stop.check()
        raise


def originals_of(context: Context) -> Path:
    """The folder of photos, as the user gave it. Raises ``ConfigInvalid`` where it was not given."""
    given = context.options.studio.originals
    if given is None:
        raise ConfigInvalid(
            "An option is missing",
            hint=f"On the command line: galleria-action {context.options.command} FOLDER",
            findings=[Finding("originals: not given. It is the folder of photos to begin with")],
        )
    return given
