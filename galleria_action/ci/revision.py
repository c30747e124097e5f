"""Which commit a run deploys, and whether it is an ancestor of another one: asked of git, then of the CI's server."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.deployment.made_by import MadeBy
from galleria_action.expressions import expression
from galleria_action.values import dataclass

if TYPE_CHECKING:
    import subprocess

_SECONDS = 10.0
_COMMIT = expression(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def revision(environ: Mapping[str, str], folder: Path, now: Callable[[], float]) -> MadeBy | None:
    """The commit that this run deploys: that of the checkout in ``folder``, else the one that its CI names; ``None``
    where neither tells. ``now`` gives seconds since 1970."""
    started_for, repository, run = _of_ci(environ)
    commit = head_of(folder) or started_for
    if not _COMMIT.fullmatch(commit):
        return None
    time = datetime.fromtimestamp(now(), UTC).isoformat(timespec="seconds")
    return MadeBy(commit, repository, run, time, started_for if _COMMIT.fullmatch(started_for) else "")


def _of_ci(environ: Mapping[str, str]) -> tuple[str, str, int]:
    """The commit, the repository and the number of the run, as the CI names them."""
    if environ.get("GITHUB_ACTIONS") == "true":
        from galleria_action.ci.github.event import read_event

        event = read_event(environ)
        return event.commit, event.repository, event.run[0]
    number = environ.get("CI_PIPELINE_ID") or environ.get("CI_PIPELINE_NUMBER") or ""
    repository = environ.get("CI_PROJECT_PATH") or environ.get("CI_REPO") or ""
    return environ.get("CI_COMMIT_SHA", ""), repository, int(number) if re.fullmatch("[0-9]{1,18}", number) else 0


def head_of(folder: Path) -> str:
    """The commit that is checked out in ``folder`` (hex), read from git's own files, because git is not in every image;
    empty where nobody knows."""
    try:
        git = folder / ".git"
        if git.is_file():
            git = folder / _line(git).removeprefix("gitdir: ")
        head = _line(git / "HEAD")
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else ""
        name = head.removeprefix("ref: ")
        common = git / _line(git / "commondir") if (git / "commondir").is_file() else git
        if re.fullmatch(r"refs/[^\0]+", name) is None or ".." in name:
            return ""
        if (common / name).is_file():
            commit = _line(common / name)
        else:
            packed = re.search(rf"(?m)^([0-9a-f]+) {re.escape(name)}$", _text(common / "packed-refs", 16 << 20))
            commit = packed[1] if packed else ""
    except (OSError, ValueError):
        return ""
    return commit if _COMMIT.fullmatch(commit) else ""


def _line(path: Path) -> str:
    return _text(path, 4096).strip()


def _text(path: Path, most: int) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(most).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Answers whether one commit is an ancestor of another. ``environ`` names the CI's server, ``token`` may read
    there; ``folder`` is the checkout."""

    environ: Mapping[str, str]
    folder: Path
    token: str | None = None

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether ``older`` is an ancestor of ``newer``; ``None`` where nobody knows."""
        if not (_COMMIT.fullmatch(older) and _COMMIT.fullmatch(newer)):
            return None
        known = self._by_git(older, newer)
        return self._by_server(older, newer) if known is None else known

    def _by_git(self, older: str, newer: str) -> bool | None:
        """What the checkout's history says. One that is cut off may prove an ancestor, but never that there is none."""
        done = _git(self.folder, "merge-base", "--is-ancestor", older, newer)
        if done is None or done.returncode not in (0, 1):
            return None
        if done.returncode == 0:
            return True
        shallow = _git(self.folder, "rev-parse", "--is-shallow-repository")
        return False if shallow and shallow.stdout.strip() == "false" else None

    def _by_server(self, older: str, newer: str) -> bool | None:
        if self.environ.get("GITHUB_ACTIONS") != "true" or not self.token:
            return None
        from galleria_action.ci.github.api import open_api
        from galleria_action.net.rest import ApiError

        api = open_api(self.environ, self.token)
        if api is None:
            return None
        api.allow(_SECONDS)
        try:
            return api.is_ancestor(older, newer)
        except ApiError:
            return None


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """What git answers in ``folder``; ``None`` where there is none. It fetches nothing, and asks nobody."""
    import subprocess

    keep = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-c", "protocol.allow=never", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, env={**keep, **quiet}, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
