"""A link named ``live`` in a folder that a web server delivers: it leads to the gallery that visitors get.

A link is replaced by renaming another one over it, which is one step for everybody who looks (POSIX, "rename"); to
remove it and make it anew is two.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from galleria_action.deployment.layout import Layout
from galleria_action.deployment.routing.router import Routing, Seen, moved
from galleria_action.errors import ConfigInvalid, PermissionRefused, StorageUnavailable
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass

LINK = "live"
_NEW = ".galleria-live"


@dataclass
class Folder:
    """A ``Router`` in the folder ``root``. Where there is no link yet the gallery in place is live."""

    root: Path
    lag_seconds: float = 0.0

    def look(self) -> Seen:
        """See ``Router.look``."""
        link = self.root / LINK
        try:
            target, state = link.readlink(), link.lstat()
        except FileNotFoundError:
            return Seen(Routing())
        except OSError as error:
            raise ConfigInvalid(
                f"{link} is not a link to one of the galleries in this folder. Nothing was written.",
                hint="It is the router's: give the gallery another folder, or move away what lies there.",
            ) from error
        folder = "" if str(target) == "." else f"{target}/"
        try:
            layout = Layout.at(folder)
        except ValueError as error:
            raise ConfigInvalid(
                f"{link} leads to {str(target)[:80]!r}, which is not a gallery of this folder. Nothing was written.",
                hint="Somebody else has set it. Remove it, or have it lead to slots/a, slots/b or . again.",
            ) from error
        since = datetime.fromtimestamp(int(state.st_mtime), UTC)
        return Seen(Routing(layout, since), f"{state.st_ino} {state.st_mtime_ns} {target}")

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """See ``Router.send``."""
        if self.look() != seen:
            raise moved(LINK)
        new = self.root / _NEW
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(routing.live.folder.rstrip("/") or ".")
            os.replace(new, self.root / LINK)  # noqa: PTH105 - the one call whose promise this is about
        except PermissionError as error:
            raise PermissionRefused(
                f"The folder {self.root} does not permit to set the link {LINK}.",
                hint="Check the owner and permissions of the folder.",
            ) from error
        except OSError as error:
            raise StorageUnavailable(f"The link {LINK} in {self.root} could not be set: {error.strerror}") from error
        return self.look()

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """See ``Router.wait``: whoever opens a file gets the new one."""
