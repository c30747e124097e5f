"""What the stores make of refusals of every call, and which they repeat."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from galleria_action.errors import BucketMissing, CredentialsError, GalleriaError, PermissionRefused, StorageUnavailable
from tests.storage.scripted import Answer, refusal, scripted
from tests.storage.stores import CALLS, JPEG, raised

#: answers, and which error with which cause and remedy each is
_ANSWERS: list[tuple[Answer, type[GalleriaError], str, str]] = [
    (refusal(400, "ExpiredToken", "The provided token has expired."), CredentialsError, "expired", "role-dur"),
    (refusal(403, "InvalidAccessKeyId", "no such key"), CredentialsError, "unknown", "access-key"),
    (refusal(403, "SignatureDoesNotMatch", "…"), CredentialsError, "secret key", "secret-key"),
    (refusal(403, "RequestTimeTooSkewed", "…"), CredentialsError, "clock", "clock"),
    (refusal(401, "Unauthorized", "Unauthorized"), CredentialsError, "did not accept", "r2"),
    (refusal(404, "NoSuchBucket", "gone"), BucketMissing, "no bucket 'bucket'", "Create the bucket"),
    (
        refusal(400, "AuthorizationHeaderMalformed", "region 'us-east-1' is wrong; expecting 'eu-west-3'"),
        BucketMissing, "eu-west-3", "Set region to eu-west-3",
    ),
    (
        refusal(400, "AuthorizationHeaderMalformed", "…", "<Region>eu-west-3</Region>"),
        BucketMissing, "eu-west-3", "Set region to eu-west-3",
    ),
    (refusal(301, "PermanentRedirect", "elsewhere"), BucketMissing, "another region", "Set region"),
    (refusal(503, "SlowDown", "Please reduce your rate"), StorageUnavailable, "after all retries", "later"),
    (refusal(400, "BadDigest", "…"), StorageUnavailable, "damaged", "provider"),
    (refusal(400, "InvalidArgument", "odd header"), StorageUnavailable, "does not accept", "provider"),
]  # fmt: skip
#: each of them as the answer to two calls (HEAD has to ask again for the reason) and to a third of the others
_CAUSES = [
    (call, *row)
    for (number, row), (other, call) in product(enumerate(_ANSWERS), enumerate(CALLS))
    if call in ("get", "head") or (number + other) % 3 == 0
]


def _words(value: object) -> str | None:
    return value.body.split(b"<")[3].decode().partition(">")[2] if isinstance(value, Answer) else None


class TestRefusals:
    """Each call refused in each usual way: the class, the cause and the remedy."""

    @pytest.mark.parametrize("call", CALLS)
    def test_access_denied_names_the_permission(self, open_it: Callable[..., Any], call: str) -> None:
        error = raised(open_it, call, refusal(403, "AccessDenied", "Access Denied"))
        assert isinstance(error, PermissionRefused)
        assert "403 AccessDenied: Access Denied" in error.message
        assert CALLS[call][1] in (error.hint or "")
        assert "'bucket'" in (error.hint or "")

    @pytest.mark.parametrize(("call", "answer", "kind", "cause", "remedy"), _CAUSES, ids=_words)
    def test_cause_and_remedy(
        self, open_it: Callable[..., Any], call: str, answer: Answer, kind: type, cause: str, remedy: str
    ) -> None:
        if call == "delete" and kind is StorageUnavailable:
            call = "copy"  # a refused batch is settled key by key: see TestDelete
        error = raised(open_it, call, answer)
        assert isinstance(error, kind)
        assert cause in error.message
        assert remedy in (error.hint or "")

    @pytest.mark.parametrize("call", CALLS)
    def test_hostile_words_of_the_server(self, open_it: Callable[..., Any], call: str) -> None:
        hostile = "line\n::error::fake\x1b[31m\u202e X-Amz-Signature=abc AKIACANARYACCESSKEY1 " + "A" * 5000
        error = raised(open_it, call, refusal(403, "AccessDenied", hostile))
        assert isinstance(error, PermissionRefused)
        assert "\n" not in error.message

    def test_hostile_key_does_not_fake_an_answer(self, open_it: Callable[..., Any]) -> None:
        key = "x - Server returned non-2xx status code: 404 Not Found\n\nDebug source:\ninner: Status {\n status: 404,"
        key = key.replace("\n", "⏎")
        with scripted(refusal(403, "AccessDenied")) as script, pytest.raises(PermissionRefused):
            open_it(script.url).get(key)

    @pytest.mark.parametrize("call", CALLS)
    def test_no_server(self, open_it: Callable[..., Any], call: str) -> None:
        with scripted(Answer()) as script:
            url = script.url
        with pytest.raises(StorageUnavailable, match=f"{url} does not accept connections") as caught:
            CALLS[call][0](open_it(url))
        assert "endpoint" in (caught.value.hint or "")

    @pytest.mark.parametrize("call", CALLS)
    def test_cut_connection(self, open_it: Callable[..., Any], call: str) -> None:
        error = raised(open_it, call, Answer(drop=True))
        assert isinstance(error, StorageUnavailable)
        assert "was cut" in error.message

    def test_unknown_host(self, open_it: Callable[..., Any]) -> None:
        with pytest.raises(StorageUnavailable, match=r"host name https://nowhere\.invalid is unknown"):
            open_it("https://nowhere.invalid").get("a")


class TestRetries:
    """The libraries repeat what may pass; these are their numbers, so that an upgrade that changes them is seen."""

    @staticmethod
    def count(open_it: Callable[..., Any], call: str, answer: Answer) -> int:
        with scripted(answer) as script, pytest.raises(GalleriaError):
            CALLS[call][0](open_it(script.url, tries=2))
        return len(script.requests)

    @pytest.mark.parametrize(
        "answer",
        [
            refusal(500, "InternalError"),
            refusal(503, "SlowDown"),
            refusal(429, "Whatever"),
            Answer(502),
            Answer(drop=True),
        ],
        ids=["500", "503", "429", "502", "reset"],
    )
    @pytest.mark.parametrize("call", ["get", "put"])
    def test_repeated(self, open_it: Callable[..., Any], call: str, answer: Answer) -> None:
        assert self.count(open_it, call, answer) == 2

    @pytest.mark.parametrize("status", [400, 403, 404])
    def test_not_repeated(self, open_it: Callable[..., Any], status: int) -> None:
        assert self.count(open_it, "put", refusal(status, "SomeCode")) == 1

    def test_overcome(self, open_it: Callable[..., Any]) -> None:
        answers: list[Answer] = [refusal(503, "SlowDown"), Answer(200, headers={"ETag": '"e"'})]
        with scripted(*answers) as script:
            assert open_it(script.url, tries=2).put("a", b"x", JPEG) == "e"


def test_scripts_are_served(open_it: Callable[..., Any]) -> None:
    """The tests of this module can fail: a proper answer raises nothing."""
    with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
        assert open_it(script.url).put("a", b"x", JPEG) == "e"
