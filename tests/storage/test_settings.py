"""Bucket, prefix and endpoint as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.storage.interface import Target
from galleria_action.storage.settings import (
    MAX_PREFIX_BYTES,
    StoreSettings,
    parse_encryption,
    parse_state,
    parse_storage_class,
    parse_target,
)


@pytest.mark.parametrize(
    ("bucket", "prefix", "endpoint", "expected"),
    [
        ("photos", None, None, Target(None, "photos")),
        ("photos", "", "", Target(None, "photos")),
        ("photos", "a/b", None, Target(None, "photos", "a/b/")),
        ("photos", "/a/b/", None, Target(None, "photos", "a/b/")),
        ("photos", "/", None, Target(None, "photos")),
        ("s3://photos", None, None, Target(None, "photos")),
        ("s3://photos/", None, None, Target(None, "photos")),
        ("S3://photos/a/b", None, None, Target(None, "photos", "a/b/")),
        ("s3://photos", "a", None, Target(None, "photos", "a/")),
        ("my.photos-2024", None, None, Target(None, "my.photos-2024")),
        ("My_Photos", None, "s3.example.com", Target("https://s3.example.com", "My_Photos")),
        ("photos", "é/ünï/🎉", None, Target(None, "photos", "é/ünï/🎉/")),
        ("photos", None, "s3.example.com", Target("https://s3.example.com", "photos")),
        ("photos", None, "S3.Example.com:9000/", Target("https://s3.example.com:9000", "photos")),
        ("photos", None, "localhost", Target("http://localhost", "photos")),
        ("photos", None, "localhost:9000", Target("http://localhost:9000", "photos")),
        ("photos", None, "127.0.0.1:9000", Target("http://127.0.0.1:9000", "photos")),
        ("photos", None, "[::1]:9000", Target("http://[::1]:9000", "photos")),
        ("photos", None, "https://localhost:9000", Target("https://localhost:9000", "photos")),
        ("photos", None, "http://minio:9000", Target("http://minio:9000", "photos")),
        ("photos", None, "localhost.example.com", Target("https://localhost.example.com", "photos")),
        ("file:///srv/photos", None, None, Target("file://", "/srv/photos")),
        ("file:///srv//photos/./", "a", None, Target("file://", "/srv/photos", "a/")),
        ("file:///my%20photos/100%", None, None, Target("file://", "/my photos/100%")),
        ("FILE:///srv/photos", None, None, Target("file://", "/srv/photos")),
    ],
)
def test_accepted(bucket: str, prefix: str | None, endpoint: str | None, expected: Target) -> None:
    assert parse_target(bucket, prefix, endpoint) == expected


@pytest.mark.parametrize(
    ("bucket", "prefix", "endpoint", "text"),
    [
        (None, None, None, "bucket is missing"),
        ("", None, None, "bucket is missing"),
        ("ab", None, None, "not a valid bucket name"),
        ("Photos", None, None, "lower-case"),
        ("photos_2024", None, None, "not a valid bucket name"),
        ("-photos", None, None, "not a valid bucket name"),
        ("photos-", None, None, "not a valid bucket name"),
        ("pho..tos", None, None, "not a valid bucket name"),
        ("p" * 64, None, None, "not a valid bucket name"),
        ("192.168.0.1", None, None, "not a valid bucket name"),
        ("pho tos", None, "s3.example.com", "not a valid bucket name"),
        ("../photos", None, None, "looks like a folder"),
        ("./photos", None, None, "write a folder as file:///, then its absolute path"),
        ("/srv/photos", None, None, "write a folder as file:///srv/photos"),
        ("..", None, "s3.example.com", "not a valid bucket name"),
        ("photos/a", None, None, "write 's3://photos/a'"),
        ("photos\n", None, None, "control character"),
        ("https://photos.s3.amazonaws.com", None, None, "an address goes into endpoint"),
        ("s3://", None, None, "not a valid bucket name"),
        ("s3:///photos", None, None, "not a valid bucket name"),
        ("s3://photos/a", "b", None, "prefix is given twice"),
        ("s3://photos/../b", None, None, "must not contain '..'"),
        ("photos", "a/../b", None, "must not contain '..'"),
        ("photos", "./a", None, "must not contain '.'"),
        ("photos", "a//b", None, "contains '//'"),
        ("photos", "a\\b", None, "backslash"),
        ("photos", "a\x00b", None, "control character"),
        ("photos", "a\nb", None, "control character"),
        ("photos", "a\u2028b", None, "control character"),
        ("photos", "a\ud800b", None, "control character"),
        ("photos", "é" * (MAX_PREFIX_BYTES // 2 + 1), None, "longer than"),
        ("photos", None, "ftp://example.com", "must begin with https"),
        ("photos", None, "https://", "no valid host"),
        ("photos", None, "https://exa mple.com", "no valid host"),
        ("photos", None, "https://example.com:port", "not a valid URL"),
        ("photos", None, "https://example.com:99999", "not a valid URL"),
        ("photos", None, "https://[::1", "not a valid URL"),
        ("photos", None, "https://example.com/photos", "already contains"),
        ("photos", None, "https://example.com/?a=b", "behind the host"),
        ("photos", None, "https://example.com/#a", "behind the host"),
        ("photos", None, "https://photos.s3.amazonaws.com", "leave 'photos.' out"),
        ("photos", None, "https://example.com\r\nX: y", "control character"),
        ("file:///srv", None, "https://example.com", "endpoint makes no sense"),
        ("file://srv/photos", None, None, "three slashes"),
        ("file:srv/photos", None, None, "three slashes"),
        ("file:///", None, None, "whole file system"),
        ("file:///srv/../etc", None, None, "must not contain '..'"),
        ("file:///srv/%2e%2e/etc", None, None, "must not contain '..'"),
        ("file:///srv/a%00b", None, None, "control character"),
        ("file:///srv", "../etc", None, "must not contain '..'"),
    ],
)
def test_refused(bucket: str | None, prefix: str | None, endpoint: str | None, text: str) -> None:
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        parse_target(bucket, prefix, endpoint)


@pytest.mark.parametrize("endpoint", ["https://me:canary@example.com", "me:canary@example.com", "https://canary@x"])
def test_passwords_in_an_endpoint_are_not_repeated(endpoint: str) -> None:
    with pytest.raises(ValueError, match="credentials") as caught:
        parse_target("photos", endpoint=endpoint)
    assert "canary" not in str(caught.value)


@given(bucket=st.text(max_size=80), prefix=st.none() | st.text(max_size=40), endpoint=st.none() | st.text(max_size=40))
def test_anything_is_accepted_or_explained(bucket: str, prefix: str | None, endpoint: str | None) -> None:
    try:
        target = parse_target(bucket, prefix, endpoint)
    except ValueError as error:
        assert str(error).isprintable()
        assert "bucket" in str(error) or "prefix" in str(error) or "endpoint" in str(error)
    else:
        assert target.prefix == "" or (target.prefix.endswith("/") and not target.prefix.startswith("/"))
        assert ".." not in target.prefix.split("/")


@given(prefix=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\\u2028\u2029"), max_size=60))
def test_a_parsed_prefix_parses_to_itself(prefix: str) -> None:
    try:
        parsed = parse_target("photos", prefix).prefix
    except ValueError:
        return
    assert parse_target("photos", parsed).prefix == parsed
    assert parsed.strip("/") == prefix.strip("/")


def test_secrets_are_not_shown() -> None:
    settings = StoreSettings(
        target=Target(None, "photos"), access_key="canary1", secret_key="canary2", session_token="canary3"
    )
    assert "canary" not in repr(settings) + str(settings)


@pytest.mark.parametrize(("access", "secret", "missing"), [("a", None, "secret-key"), (None, "b", "access-key")])
def test_keys_belong_together(access: str | None, secret: str | None, missing: str) -> None:
    with pytest.raises(ValueError, match=f"{missing} is missing"):
        StoreSettings(target=Target(None, "photos"), access_key=access, secret_key=secret)


@pytest.mark.parametrize("region", ["eu-central-1", "auto", "us_east", "fsn1", "x"])
def test_regions(region: str) -> None:
    assert StoreSettings(target=Target(None, "photos"), region=region).region == region


@pytest.mark.parametrize("region", ["elsewhere.example/", "eu.central", "eu@elsewhere", "-", "eu#", "x" * 80, "eu\n"])
def test_a_region_does_not_lead_to_another_host(region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        StoreSettings(target=Target(None, "photos"), region=region)


@pytest.mark.parametrize(
    "text",
    ["AES256", "aws:kms", "aws:kms:dsse", "aws:kms:1234abcd-12ab-34cd-56ef-1234567890ab", "aws:kms:alias/gallery",
     "aws:kms:arn:aws:kms:eu-west-1:123456789012:key/1234abcd"],
)  # fmt: skip
def test_ways_of_encryption(text: str) -> None:
    assert parse_encryption(text) == text


@pytest.mark.parametrize("text", ["aes256", "kms", "aws:kms:", "aws:kms:a b", "aws:kms:a\r\nx: y", "AES256\n", "none"])
def test_what_is_not_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not AES256"):
        parse_encryption(text)


@pytest.mark.parametrize("text", ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"])
def test_storage_classes(text: str) -> None:
    assert parse_storage_class(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("GLACIER", "archive"),
        ("deep_archive", "archive"),
        ("ColdArchive", "archive"),
        ("standard", "not a storage"),
        ("A\nB", "not a storage"),
    ],
)
def test_classes_that_cannot_be_shown(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_storage_class(text)


GALLERY = Target(None, "photos", "wedding/")


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        (None, GALLERY, None),
        ("", GALLERY, None),
        (".galleria/", GALLERY, None),
        (".galleria", GALLERY, None),
        ("s3://records/wedding", GALLERY, Target(None, "records", "wedding/")),
        ("s3://records", GALLERY, Target(None, "records")),
        ("s3://photos/records", GALLERY, Target(None, "photos", "records/")),
        ("s3://photos/wedding-records", GALLERY, Target(None, "photos", "wedding-records/")),
        ("s3://r/x", Target("https://s3.example.org", "p-1"), None),
        ("s3://rec/x", Target("https://s3.example.org", "p-1"), Target("https://s3.example.org", "rec", "x/")),
        ("file:///var/records", GALLERY, Target("file://", "/var/records")),
        ("file:///srv/www-records", Target("file://", "/srv/www"), Target("file://", "/srv/www-records")),
    ],
)
def test_where_the_state_lies(text: str | None, target: Target, expected: Target | None):
    if text == "s3://r/x":
        with pytest.raises(ValueError, match=r"state: bucket 'r' is not a valid"):
            parse_state(text, target)
    else:
        assert parse_state(text, target) == expected


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("s3://photos/wedding", GALLERY), ("s3://photos/wedding/x", GALLERY), ("s3://photos", GALLERY),
        ("s3://photos/x", Target(None, "photos")), ("file:///srv/www/x", Target("file://", "/srv/www")),
        ("file:///srv", Target("file://", "/srv/www", "a/")), ("file:///srv/www", Target("file://", "/srv/www")),
    ],
)  # fmt: skip
def test_state_and_gallery_do_not_lie_in_each_other(text: str, target: Target):
    with pytest.raises(ValueError, match="lie in each other"):
        parse_state(text, target)


def test_the_state_is_stored_for_nobody_else():
    settings = StoreSettings(
        target=GALLERY, state=Target(None, "records"), acl="public-read", storage_class="X", encryption="AES256"
    )
    of_state = settings.of_state
    assert of_state is not None
    assert (of_state.target, of_state.acl, of_state.storage_class) == (Target(None, "records"), None, None)
    assert of_state.encryption == "AES256"
    assert StoreSettings(target=GALLERY).of_state is None
