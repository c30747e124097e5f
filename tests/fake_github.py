"""A GitHub for tests: a real HTTP server with the part of the REST API that reviews use.

It knows tokens and what each may write, splits lists into pages, refuses what GitHub refuses, fails when a test has
asked for it, and remembers every request with its authorisation.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import http_server

REPOSITORY = "maker/wedding"
TOKEN = "ghs_job0token0job0token"
#: the last commit of a pull request's branch
HEAD = "a1" * 20
LONGEST_COMMENT = 65_536
REFUSED = {"message": "Resource not accessible by integration", "documentation_url": "https://docs.github.com/rest"}


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    authorization: str | None
    body: Any


@dataclass
class Trouble:
    """An answer in place of the right one, ``times`` times, for requests whose ``METHOD path`` matches ``pattern``.

    ``effect`` lets the request be carried out all the same, as when an answer is lost on its way.
    """

    pattern: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1_000
    effect: bool = False


@dataclass
class FakeGitHub:
    """The state of one repository. Lists are open to the tests."""

    url: str = ""
    api: str = ""
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: of pull requests, by number
    states: dict[int, str] = field(default_factory=dict)
    #: commits, from the first to the last; others are unknown here
    history: list[str] = field(default_factory=list)
    logins: dict[str, str] = field(default_factory=lambda: {TOKEN: "github-actions[bot]"})
    may_write: set[str] = field(default_factory=lambda: {"comments", "deployments"})
    knows_viewer: bool = True
    page: int = 100
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    on_request: Callable[[str, str], None] = lambda method, path: None
    ids: Iterator[int] = field(default_factory=lambda: count(1001))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def comment(self, number: int, body: str, author: str | None = "github-actions[bot]") -> dict[str, Any]:
        """Write a comment as somebody."""
        comment_id = next(self.ids)
        made = {
            "id": comment_id,
            "body": body,
            "user": {"login": author} if author else None,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{comment_id}",
        }
        self.comments.setdefault(number, []).append(made)
        return made

    def on(self, number: int | str) -> list[dict[str, Any]]:
        """The comments on a pull request as the API gives them."""
        return self.comments.setdefault(int(number), [])

    def merge(self, commit: str, number: int, *, head: str | None = REPOSITORY, sha: str = HEAD, **more: Any) -> None:
        """Let ``commit`` be the merge of pull request ``number``, whose last commit ``sha`` is in ``head`` (``None``:
        gone)."""
        pull = {
            "number": number,
            "merged_at": "2026-11-20T10:00:00Z",
            "merge_commit_sha": commit,
            "head": {"sha": sha, "repo": {"full_name": head} if head else None},
            "base": {"ref": "main", "repo": {"full_name": REPOSITORY}},
            **more,
        }
        self.pulls.setdefault(commit, []).append(pull)

    def bodies(self, number: int = 12) -> list[str]:
        """The comments on a pull request."""
        return [comment["body"] for comment in self.comments.get(number, [])]

    def asked(self, pattern: str) -> list[Request]:
        """The requests whose ``METHOD path`` matches."""
        return [one for one in self.requests if re.search(pattern, f"{one.method} {one.path}")]

    # -- the API -------------------------------------------------------------------------------------------------

    def answer(self, request: Request, query: dict[str, list[str]]) -> tuple[int, dict[str, str], Any]:
        named = f"{request.method} {request.path}"
        for trouble in self.troubles:
            if trouble.times and re.search(trouble.pattern, named):
                trouble.times -= 1
                if trouble.effect:
                    self._route(request, query)
                return trouble.status, trouble.headers, trouble.body
        return self._route(request, query)

    def _route(self, request: Request, query: dict[str, list[str]]) -> tuple[int, dict[str, str], Any]:
        login = self.logins.get((request.authorization or "").removeprefix("Bearer "))
        if login is None:
            return 401, {}, {"message": "Bad credentials"}
        routes: list[tuple[str, str, Callable[..., tuple[int, dict[str, str], Any]]]] = [
            (r"POST /(?:api/)?graphql", "", lambda: self._viewer(login)),
            (r"GET /user", "", lambda: (403, {}, REFUSED) if login.endswith("[bot]") else (200, {}, {"login": login})),
            (r"GET /repos/{repo}/commits/(\w+)/pulls", "", lambda sha: self._pages(self.pulls.get(sha, []), query)),
            (
                r"GET /repos/{repo}/issues/(\d+)/comments",
                "",
                lambda n: self._pages(self.comments.get(int(n), []), query),
            ),
            (r"GET /repos/{repo}/compare/(\w+)\.\.\.(\w+)", "", self._compare),
            (r"POST /repos/{repo}/issues/(\d+)/comments", "comments", lambda n: self._create(int(n), request, login)),
            (r"PATCH /repos/{repo}/issues/comments/(\d+)", "comments", lambda n: self._update(int(n), request)),
            (r"DELETE /repos/{repo}/issues/comments/(\d+)", "comments", lambda n: self._delete(int(n))),
            (r"GET /repos/{repo}/pulls/(\d+)", "", self._pull),
            (r"GET /repos/{repo}/deployments", "", lambda: self._pages(self._deployed(query), query)),
            (r"POST /repos/{repo}/deployments", "deployments", lambda: self._deploy(request.body)),
            (r"POST /repos/{repo}/deployments/(\d+)/statuses", "deployments", lambda n: self._status(int(n), request)),
        ]
        path = request.path.removeprefix("/api/v3")
        for pattern, permission, serve in routes:
            if match := re.fullmatch(pattern.replace("{repo}", REPOSITORY), f"{request.method} {path}"):
                if permission and permission not in self.may_write:
                    return 403, {}, REFUSED
                return serve(*match.groups())
        return 404, {}, {"message": "Not Found"}

    def _pull(self, number: str) -> tuple[int, dict[str, str], Any]:
        state = self.states.get(int(number))
        return (200, {}, {"number": int(number), "state": state}) if state else (404, {}, {"message": "Not Found"})

    def _deployed(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        (wanted,) = query["environment"]
        return [{"id": number} for number, it in self.deployments.items() if it["environment"] == wanted]

    def _compare(self, base: str, head: str) -> tuple[int, dict[str, str], Any]:
        if not {base, head} <= set(self.history):
            return 404, {}, {"message": "Not Found"}
        ahead = self.history.index(head) - self.history.index(base)
        return 200, {}, {"status": "ahead" if ahead > 0 else "behind" if ahead else "identical"}

    def _viewer(self, login: str) -> tuple[int, dict[str, str], Any]:
        return (200, {}, {"data": {"viewer": {"login": login}}}) if self.knows_viewer else (403, {}, REFUSED)

    def _pages(self, items: list[Any], query: dict[str, list[str]]) -> tuple[int, dict[str, str], Any]:
        size = min(self.page, int(query.get("per_page", ["30"])[0]))
        page = int(query.get("page", ["1"])[0])
        more = len(items) > page * size
        target = f"{self.api}/list?per_page={size}&page={page + 1}"
        headers = {"Link": f'<{target}>; rel="next", <{self.api}>; rel="last"'} if more else {}
        return 200, headers, items[(page - 1) * size : page * size]

    def _create(self, number: int, request: Request, login: str) -> tuple[int, dict[str, str], Any]:
        if len(request.body["body"]) > LONGEST_COMMENT:
            return 422, {}, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}
        return 201, {}, self.comment(number, request.body["body"], login)

    def _find(self, comment: int) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
        return next(((all_, one) for all_ in self.comments.values() for one in all_ if one["id"] == comment), None)

    def _update(self, comment: int, request: Request) -> tuple[int, dict[str, str], Any]:
        found = self._find(comment)
        if found is None:
            return 404, {}, {"message": "Not Found"}
        if len(request.body["body"]) > LONGEST_COMMENT:
            return 422, {}, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}
        found[1]["body"] = request.body["body"]
        return 200, {}, found[1]

    def _delete(self, comment: int) -> tuple[int, dict[str, str], Any]:
        found = self._find(comment)
        if found is None:
            return 404, {}, {"message": "Not Found"}
        found[0].remove(found[1])
        return 204, {}, None

    def _deploy(self, document: Any) -> tuple[int, dict[str, str], Any]:
        number = next(self.ids)
        self.deployments[number] = {**document, "statuses": []}
        return 201, {}, {"id": number}

    def _status(self, deployment: int, request: Request) -> tuple[int, dict[str, str], Any]:
        self.deployments[deployment]["statuses"].append(request.body)
        return 201, {}, {"id": next(self.ids)}


@contextmanager
def fake_github(base: str = "") -> Iterator[FakeGitHub]:
    """A fresh GitHub; ``base`` is ``/api/v3`` for one of the Enterprise Server."""
    github = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            request = Request(self.command, parts.path, self.headers.get("Authorization"), json.loads(raw or b"null"))
            github.on_request(request.method, request.path)
            with github.lock:
                github.requests.append(request)
                status, headers, body = github.answer(request, parse_qs(parts.query))
            sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                shown = value.replace(f"{github.api}/list", f"{github.url}{parts.path}")
                self.send_header(name, shown)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            if status != 204:
                self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

    with http_server(Handler) as url:
        github.url, github.api = url, f"{url}{base}"
        yield github
