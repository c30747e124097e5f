"""Canaries: credentials that would be noticed anywhere they do not belong, in success and in every failure.

The only place where they may appear is the runner's own command that hides them (``::add-mask::``).
"""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from galleria_action.ci.secrets import forms, redact
from galleria_action.errors import CredentialsError
from galleria_action.storage.opening import open_store
from tests.doors.conftest import Job, make_job
from tests.doors.runner import Watched
from tests.reliability.test_signals import ended, start
from tests.s3 import FakeS3
from tests.storage.scripted import Answer, Request, scripted

__all__ = ("make_job",)  # a fixture of another folder

ACCESS = "GKcanaryaccess0123456789"
SECRET = "canary/secret+key=0123456789abcdefghij"
TOKEN = f"canary-session-token//{'0123456789+abc' * 50}=="  # as long as they are, and longer than what is shown
GITHUB = "ghs_canarytoken0123456789abcdefghijkl"
CANARIES = (ACCESS, SECRET, TOKEN, GITHUB)
INPUTS = {"access-key": ACCESS, "secret-key": SECRET, "session-token": TOKEN, "github-token": GITHUB}


def places(job: Job, log: str) -> Iterator[tuple[str, str]]:
    """Everything that a run leaves to be read, by name."""
    yield "log", "\n".join(line for line in log.splitlines() if not line.startswith("::add-mask::"))
    for path in (*job.workspace.parent.glob("*file_commands*/*"), *job.workspace.rglob("galleria-*")):
        yield path.name, path.read_text(encoding="utf-8")


def check_silent(job: Job, log: str, *extra: str) -> None:
    for name, text in (*places(job, log), *(("extra", text) for text in extra)):
        for canary in CANARIES:
            for form in (*forms(canary), quote(canary), canary[4:-4], canary[:16]):
                assert form not in text, f"{name} tells {form}"
        assert not re.search(r"AWS4-HMAC|Signature=|[Aa]uthorization: ", text), name


@pytest.fixture
def job(make_job, shared_s3: FakeS3) -> Job:
    made: Job = make_job("s3")
    shared_s3.secrets[ACCESS] = SECRET
    made.runner.inputs |= INPUTS
    return made


def test_success_and_every_report(job: Job):
    for command in ("plan", "deploy", "verify", "deploy", "cors"):
        ran = job.runner.process(command, setup_cors="true")
        assert ran.exit_code == 0, ran.log
        check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))


# -- servers that repeat what they were sent ---------------------------------------------------------------------------

REFUSALS = {
    "denied": (403, "AccessDenied"),
    "signature": (403, "SignatureDoesNotMatch"),
    "unknown key": (403, "InvalidAccessKeyId"),
    "token": (400, "InvalidToken"),
    "expired": (400, "ExpiredToken"),
    "malformed": (400, "AuthorizationHeaderMalformed"),
    "redirect": (301, "PermanentRedirect"),
    "no bucket": (404, "NoSuchBucket"),
    "odd": (409, ACCESS),
    "teapot": (418, "Teapot"),
}


def echo(status: int, code: str, request: Request) -> Answer:
    """An error document that tells all of the request, as some gateways do in the name of debugging."""
    said = escape(f"{request.method} {request.path} {dict(request.headers)} key {ACCESS} token {TOKEN}")
    body = (
        f"<Error><Code>{code}</Code><Message>{said}</Message><AWSAccessKeyId>{ACCESS}</AWSAccessKeyId>"
        f"<StringToSign>{said}</StringToSign><SignatureProvided>{said}</SignatureProvided><Region>{ACCESS}</Region>"
        f"</Error>"
    )
    return Answer(status, body.encode(), {"Content-Type": "application/xml", "x-amz-bucket-region": ACCESS})


@pytest.mark.parametrize(("acl", "debug"), [("", True), ("private", False)])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_that_repeats_what_it_was_sent(job: Job, monkeypatch, name: str, acl: str, debug: bool):
    if debug:
        monkeypatch.setenv("RUST_LOG", "trace")
        with_debug(job)
    with scripted(lambda request: echo(*REFUSALS[name], request)) as server:
        for command in ("plan", "verify", "cors"):
            ran = job.runner.run(command, endpoint=server.url, acl=acl, cors="require")
            assert ran.exit_code not in (0, 1), ran.log
            check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))
        assert server.requests


ENCODINGS = {
    "an address": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "JSON": json.dumps,
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "HTML": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("secret", [SECRET, 'quo"te<&>\\back/sl\u00e4sh', "two lines\nof a secret/key"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_becomes_of_a_secret_is_taken_out_as_well(encoding: str, secret: str):
    encoded = ENCODINGS[encoding](secret)
    assert encoded.strip('"') not in redact(f"he said {encoded}", forms(secret))


@pytest.mark.parametrize(
    ("option", "address"),
    [
        ("metrics-push", "http://me:pass-canary-0815@127.0.0.1:1/"),
        ("public-url", "https://me:pass-canary-0815@photos.example/"),
        ("public-url", "https://pass-canary-0815@photos.example/"),
        ("environment-url", "https://me:pass%2Dcanary-0815@photos.example/"),
        ("endpoint", "me:pass-canary-0815@127.0.0.1"),
        ("bucket", "s3://key:pass-canary-0815@gallery/x"),
    ],
)
def test_the_password_in_an_address_is_not_repeated(job: Job, option: str, address: str):
    ran = job.runner.run("plan", **{option.replace("-", "_"): address})
    assert ran.exit_code == 2
    for name, text in (*places(job, ran.log), ("outputs", str(ran.outputs)), ("summary", ran.summary)):
        assert "canary-0815" not in text, name


@pytest.mark.slow
@pytest.mark.parametrize("acl", ["", "private"])
def test_a_server_that_talks_instead_of_listing(job: Job, acl: str):
    def answer(request: Request) -> Answer:
        return Answer(200, f"<html>{dict(request.headers)} {request.path}</html>".encode(), {"ETag": f'"{ACCESS}"'})

    with scripted(answer) as server:
        ran = job.runner.run("plan", endpoint=server.url, acl=acl)
        assert ran.exit_code != 0
        check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))


def test_refused_uploads_one_by_one(job: Job):
    """A server that lets everything pass but photos, and says why in too many words."""
    with scripted(
        lambda request: (
            echo(403, "AccessDenied", request)
            if request.method == "PUT"
            else Answer(200, LISTING)
            if "list-type" in request.path
            else Answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        )
    ) as server:
        ran = job.runner.run("deploy", endpoint=server.url)
        assert ran.outputs["failure-reason"] == "permission", ran.log
        check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))


LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><KeyCount>0</KeyCount>
<IsTruncated>false</IsTruncated></ListBucketResult>"""


# -- failures of our own -----------------------------------------------------------------------------------------------


def with_debug(job: Job) -> None:
    plain = job.runner.environment
    job.runner.environment = lambda inputs: plain(inputs) | {"GALLERIA_DEBUG": "1", "RUNNER_DEBUG": "1"}  # type: ignore[method-assign]


@pytest.mark.parametrize("operation", ["get", "put"])
@pytest.mark.parametrize("kind", [RuntimeError, CredentialsError])
def test_an_error_that_carries_a_secret(job: Job, operation: str, kind: type[Exception]):
    """Nobody should put a secret into an exception; somebody will."""

    def before(op: str, key: str) -> None:
        if op == operation:
            raise kind(f"cannot sign with {SECRET} for {ACCESS}, token {quote(TOKEN, safe='')}")

    with_debug(job)
    job.runner.opener = lambda settings: Watched(open_store(settings), before)
    ran = job.runner.run("deploy")
    assert ran.exit_code in (1, 6)
    assert kind is CredentialsError or "Traceback" in ran.log
    check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))


def test_on_a_terminal_too(job: Job):
    """Outside of GitHub nobody masks after us."""

    def before(op: str, key: str) -> None:
        raise RuntimeError(f"cannot sign with {SECRET}")

    plain = job.runner.environment
    job.runner.environment = lambda inputs: (
        {  # type: ignore[method-assign]
            name: value
            for name, value in plain(inputs).items()
            if name not in ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "CI")
        }
        | {"GALLERIA_DEBUG": "1"}
    )
    job.runner.opener = lambda settings: Watched(open_store(settings), before)
    ran = job.runner.run("deploy", result_file="galleria-result.json")
    assert "Traceback" in ran.log
    check_silent(job, ran.log, str(ran.result))


def test_wrong_options_are_not_repeated(job: Job):
    for wrong in ({"endpoint": f"https://{ACCESS}:{SECRET}@s3.example.com"}, {"secret_key": ""}):
        ran = job.runner.run("deploy", **wrong)
        assert ran.exit_code == 2, ran.log
        check_silent(job, ran.log, str(ran.outputs), ran.summary, str(ran.result))


def test_process_list(job: Job):
    """Anybody on the machine may read the command lines of all processes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start(job, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        lines = [path.read_text() for path in Path("/proc").glob(f"{process.pid}/task/*/children")]
        seen = [Path(f"/proc/{pid}/cmdline").read_text() for pid in [process.pid, *" ".join(lines).split()]]
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        log = ended(process, 5)
        connection.close()
    check_silent(job, log, *seen)


@pytest.fixture(autouse=True)
def _the_canaries_sing(tmp_path: Path) -> None:
    """The check itself can fail."""
    with pytest.raises(AssertionError, match="tells"):
        check_silent(type("Nobody", (), {"workspace": tmp_path / "workspace"}), f"x {SECRET} y")  # type: ignore[arg-type]
