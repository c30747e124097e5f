"""Where requests go, and what they are signed for: decided once."""

from __future__ import annotations

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.net.network import Network
from galleria_action.storage.connection import Connection, copy_source
from galleria_action.storage.interface import Target
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import StoreSettings, parse_target

ARN = "arn:aws:s3:eu-west-1:123456789012:accesspoint/gallery"


def connection(target: Target, machine_region: str | None = None, **more: object) -> Connection:
    settings = StoreSettings(target=target, access_key="a", secret_key="b", **more)  # type: ignore[arg-type]
    return Connection.of(settings, provider_of(target.endpoint, settings.provider), Network(), machine_region)


@pytest.mark.parametrize(
    ("endpoint", "bucket", "region", "url"),
    [
        (None, "photos", None, "https://photos.s3.us-east-1.amazonaws.com"),
        (None, "photos", "eu-west-3", "https://photos.s3.eu-west-3.amazonaws.com"),
        (None, "photos", "cn-north-1", "https://photos.s3.cn-north-1.amazonaws.com.cn"),
        (None, "my.photos", None, "https://s3.us-east-1.amazonaws.com/my.photos"),
        ("https://s3.eu-west-3.amazonaws.com", "photos", None, "https://photos.s3.eu-west-3.amazonaws.com"),
        ("https://s3.example.com:9000", "photos", None, "https://s3.example.com:9000/photos"),
        ("https://ref.supabase.co/storage/v1/s3", "photos", None, "https://ref.supabase.co/storage/v1/s3/photos"),
        ("https://oss-eu-central-1.aliyuncs.com", "photos", None, "https://photos.oss-eu-central-1.aliyuncs.com"),
        ("http://127.0.0.1:9000", "photos", None, "http://127.0.0.1:9000/photos"),
        ("http://[::1]:9000", "photos", None, "http://[::1]:9000/photos"),
    ],
)
def test_the_buckets_address(endpoint: str | None, bucket: str, region: str | None, url: str) -> None:
    assert connection(Target(endpoint, bucket), region=region).url == url


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://s3.eu-west-3.amazonaws.com", "eu-west-3"),
        ("https://s3-eu-west-3.amazonaws.com", "eu-west-3"),
        ("https://s3.dualstack.eu-west-3.amazonaws.com", "eu-west-3"),
        ("https://s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://s3-fips.dualstack.us-east-2.amazonaws.com", "us-east-2"),
        ("https://bucket.vpce-1a2b-5e6f.s3.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"),
        ("https://s3.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
        ("https://s3.us-east-1.amazonaws.com.evil.example", "us-east-1"),
        ("https://s3.fr-par.scw.cloud", "fr-par"),
        ("https://us-east-1.linodeobjects.com", "us-east-1"),
        ("https://us-iad-10.linodeobjects.com", "us-iad-10"),
        ("https://s3.eu-central-003.backblazeb2.com", "eu-central-003"),
        ("https://fsn1.your-objectstorage.com", "fsn1"),
        ("https://fra1.digitaloceanspaces.com", "fra1"),
        ("https://s3.eu-central-2.wasabisys.com", "eu-central-2"),
        ("https://s3.gra.io.cloud.ovh.net", "gra"),
        ("https://s3.oss-eu-central-1.aliyuncs.com", "eu-central-1"),
        ("https://oss-cn-hangzhou-internal.aliyuncs.com", "cn-hangzhou"),
        ("https://cos.ap-guangzhou.myqcloud.com", "ap-guangzhou"),
        ("https://abc.r2.cloudflarestorage.com", "auto"),
        ("https://s3.example.com", "us-east-1"),
    ],
)
def test_the_region_that_an_endpoint_tells(endpoint: str, region: str) -> None:
    assert connection(Target(endpoint, "photos")).region == region


def test_whose_word_counts_for_the_region() -> None:
    """The option, then the endpoint's name, then the machine's profile, then the provider's own."""
    own = Target("https://s3.example.com", "photos")
    aws = Target("https://s3.eu-west-3.amazonaws.com", "photos")
    assert connection(own, "eu-north-1", region="eu-west-1").region == "eu-west-1"
    assert connection(own, "eu-north-1").region == "eu-north-1"
    assert connection(aws, "eu-north-1").region == "eu-west-3"
    assert connection(own, provider="r2").region == "auto"
    assert connection(Target(None, "photos"), "eu-north-1").url == "https://photos.s3.eu-north-1.amazonaws.com"


@pytest.mark.parametrize(
    ("style", "url"),
    [
        ("auto", "https://s3.example.com/photos"),
        ("path", "https://s3.example.com/photos"),
        ("virtual", "https://photos.s3.example.com"),
    ],
)
def test_the_address_style(style: str, url: str) -> None:
    assert connection(Target("https://s3.example.com", "photos"), address_style=style).url == url
    assert connection(Target(None, "photos"), address_style="path").url == "https://s3.us-east-1.amazonaws.com/photos"


def test_a_path_below_a_virtual_host() -> None:
    target = Target("https://storage.example.com/v1/s3", "photos")
    assert connection(target, address_style="virtual").url == "https://photos.storage.example.com/v1/s3"


def test_no_bucket_in_front_of_an_address() -> None:
    with pytest.raises(ConfigInvalid, match="address-style"):
        connection(Target("http://127.0.0.1:9000", "photos"), address_style="virtual")


def test_an_access_point() -> None:
    made = connection(parse_target(ARN), region="us-east-1")
    assert made.url == "https://gallery-123456789012.s3-accesspoint.eu-west-1.amazonaws.com"
    assert made.region == "eu-west-1"
    assert copy_source(ARN) == f"{ARN}/object"
    assert copy_source("photos") == "photos"
    china = parse_target("s3://arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:g/wedding")
    assert china.prefix == "wedding/"
    assert connection(china).url == "https://g-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn"


def test_an_access_point_in_a_vpc() -> None:
    inside = "https://accesspoint.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com"
    assert connection(parse_target(ARN, endpoint=inside)).url == (
        "https://gallery-123456789012.accesspoint.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com"
    )
    with pytest.raises(ConfigInvalid, match="says itself where it is"):
        connection(parse_target(ARN, endpoint="https://s3.example.com"))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::bucket",
        "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
        "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/g",
        "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/g",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/evil.example",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/-g",
        "arn:aws:s3:eu-west-1@evil:123456789012:accesspoint/g",
        "arn:",
    ],
)
def test_other_arns_are_named(arn: str) -> None:
    with pytest.raises(ValueError, match=r"alias|write 'bucket'") as caught:
        parse_target(arn)
    assert "s3://arn" not in str(caught.value)
