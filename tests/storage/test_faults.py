"""Reading errors: hostile words, and botocore's classes."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import CredentialsError, GalleriaError, StorageUnavailable
from galleria_action.storage.faults import Call, Fault, describe_key_error, failure, of_answer
from galleria_action.storage.faults.botocore import of_botocore
from galleria_action.storage.interface import Target
from galleria_action.storage.words import _SIGNED, _may_be_signed, clean

CALL = Call("put", Target("https://s3.example.com", "bucket", "gal/"), "a.jpg")


@given(st.text(max_size=3000))
def test_clean_is_one_bounded_printable_line(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) <= 200
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://b.s3.amazonaws.com/a?X-Amz-Signature=canary&X-Amz-Credential=canary",
        "Authorization: AWS4-HMAC-SHA256 Credential=canary/2024, SignedHeaders=host, Signature=canary",
        "AWSAccessKeyId=canary",
    ],
)
def test_clean_hides_what_is_signed(text: str) -> None:
    assert "canary" not in clean(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2500), st.integers(20, 2000))
def test_clean_shows_whole_words_or_none(before: str, length: int) -> None:
    """Half a token would not be recognised by what hides secrets."""
    token = ("T0k3n/" * 400)[:length]
    shown = clean(f"{before} {token} and more")
    assert shown.count(token) or "T0k3n/" not in shown


def test_a_long_key_is_shown_in_part() -> None:
    assert repr("photos/" + "x" * 192 + "…") in str(
        failure(Fault("cut"), Call("get", CALL.target, "photos/" + "x" * 900))
    )


def test_clean_hides_access_keys() -> None:
    assert clean(f"the key {'AKIA' + 'Q3' * 8} is wrong") == "the key … is wrong"


@given(
    st.text("AKIS0=aki &x\u017f\u212a", max_size=24),
    st.sampled_from(["", "Signature=x", "aKiA" + 12 * "0", "AS\u0131A" + 12 * "0", "ſiGnature=x"]),
)
def test_no_glance_misses_what_is_signed(text: str, word: str) -> None:
    line = f"{text} {word}"
    assert _may_be_signed(line) or not _SIGNED.search(line)
    assert not _may_be_signed("At least one of the pre-conditions you specified did not hold")


@given(st.text(max_size=300), st.text(max_size=300))
def test_key_errors_are_never_empty(code: str, message: str) -> None:
    assert describe_key_error(code, message).isprintable()
    assert describe_key_error(code, message)


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=100), st.integers(100, 599))
def test_any_answer_becomes_an_error_of_the_house(code: str, message: str, key: str, status: int) -> None:
    error = failure(Fault("answer", status, code, message), Call("put", CALL.target, key))
    assert isinstance(error, GalleriaError)
    assert error.message.isprintable()
    assert len(error.message) < 1000
    assert error.hint


def test_region_is_named_only_where_it_is_the_cause() -> None:
    body = "<Error><Code>AccessDenied</Code><Region>eu-west-1</Region></Error>"
    assert of_answer(403, body).region == ""
    hostile = "<Error><Code>PermanentRedirect</Code><Region>x; rm -rf /</Region></Error>"
    assert of_answer(301, hostile).region == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.NoCredentialsError(), "credentials"),
        (boto.CredentialRetrievalError(provider="sso", error_msg="expired"), "credentials"),
        (boto.UnauthorizedSSOTokenError(), "credentials"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), "timeout"),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), "timeout"),
        (boto.EndpointConnectionError(endpoint_url="https://x"), "refused"),
        (boto.ProxyConnectionError(proxy_url="https://x"), "refused"),
        (boto.SSLError(endpoint_url="https://x", error="…"), "tls"),
        (boto.ConnectionClosedError(endpoint_url="https://x"), "cut"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), "cut"),
        (boto.ResponseStreamingError(error="…"), "cut"),
        (boto.ParamValidationError(report="Invalid bucket name"), "other"),
    ],
)
def test_botocore_classes(error: Exception, kind: str) -> None:
    fault = of_botocore(error)
    assert fault.kind == kind
    assert isinstance(failure(fault, CALL), CredentialsError if kind == "credentials" else StorageUnavailable)


def test_proxy_passwords_are_not_repeated() -> None:
    fault = of_botocore(boto.ProxyConnectionError(proxy_url="http://me:canary@proxy:3128"))
    assert "canary" not in str(failure(fault, CALL))
