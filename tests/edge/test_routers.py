"""Every router does what it declares: it looks, sends visitors elsewhere on a condition, and says so when it cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from galleria_action.deployment.layout import LIVE_KEY, Layout
from galleria_action.deployment.routing.router import Router, Routing
from galleria_action.edge.routers.kinds import CAN, RouterKind, parse_router
from galleria_action.edge.routers.opening import open_router
from galleria_action.edge.routers.pointer import Pointer
from galleria_action.errors import ConfigInvalid, Conflict, PermissionRefused, StorageUnavailable
from galleria_action.net.signature_v4a import SignerV4A, private_key, sign
from galleria_action.storage.interface import Headers, Target
from galleria_action.storage.settings import FOLDER, StoreSettings
from tests.edge.router_fakes import Fake, FakeCloudFront, FakeKv, FakeKvs, served
from tests.reliability.memory import MemoryStore

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
A, B = map(Layout.slot, "ab")
ARN = "arn:aws:cloudfront::123456789012:key-value-store/0a1b2c3d"
ADDRESSES = {
    RouterKind.FOLDER: "folder", RouterKind.POINTER: "pointer", RouterKind.CLOUDFRONT: "cloudfront:E2ABCDEFGHIJKL",
    RouterKind.CLOUDFRONT_KVS: f"cloudfront-kvs:{ARN}",
    RouterKind.CLOUDFLARE_KV: f"cloudflare-kv:{'a' * 32}/{'b' * 32}",
}  # fmt: skip


@dataclass
class Room:
    """A router, twice, as two runs have it; ``fake`` is the service that it asks, where there is one."""

    kind: RouterKind
    router: Router
    other: Router
    fake: Any = None


@pytest.fixture(params=ADDRESSES, ids=str)
def room(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    kind: RouterKind = request.param
    fakes: dict[RouterKind, tuple[Callable[[], Fake], str]] = {
        RouterKind.CLOUDFRONT: (FakeCloudFront, "AWS_ENDPOINT_URL_CLOUDFRONT"),
        RouterKind.CLOUDFRONT_KVS: (FakeKvs, "AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE"),
        RouterKind.CLOUDFLARE_KV: (FakeKv, "CLOUDFLARE_API_URL"),
    }
    target = Target(FOLDER, str(tmp_path)) if kind is RouterKind.FOLDER else Target(None, "gallery", "wedding/")
    settings = StoreSettings(target=target, access_key="AKIAEXAMPLE", secret_key="secret", pause=lambda _: True)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "token")
    with ExitStack() as running:
        fake = None
        if kind in fakes:
            fake = fakes[kind][0]()
            if isinstance(fake, FakeCloudFront):
                fake.config = fake.config.replace("<OriginPath></OriginPath>", "<OriginPath>/wedding</OriginPath>")
            monkeypatch.setenv(fakes[kind][1], running.enter_context(served(fake)))
        store = MemoryStore()
        made = [open_router(parse_router(ADDRESSES[kind]), store, settings) for _ in range(2)]
        assert made[0]
        assert made[1]
        yield Room(kind, made[0], made[1], fake)


def patient(room: Room) -> None:
    """Let a second go by, where a service takes one write a second."""
    if isinstance(room.fake, FakeKv):
        room.fake.written.clear()


def test_visitors_are_sent_from_gallery_to_gallery(room: Room):
    seen = room.router.look()
    assert seen.routing.live == Layout.IN_PLACE
    for layout in (A, B, A):
        patient(room)
        seen = room.router.send(seen.routing.switched(layout, NOW), seen)
        assert seen.routing.live == layout
        assert room.other.look().routing == seen.routing
    room.router.wait(seen, lambda _: True, lambda: None)


def test_of_two_that_switch_one_is_refused(room: Room):
    first, second = room.router.look(), room.other.look()
    room.router.send(first.routing.switched(A, NOW), first)
    patient(room)
    with pytest.raises(Conflict):
        room.other.send(second.routing.switched(B, NOW), second)
    assert room.router.look().routing.live == A


def test_a_share_of_the_visitors(room: Room):
    if not CAN[room.kind].weights:
        pytest.skip("it cannot, and says so")
    seen = room.router.look()
    for percent in (10, 50):
        patient(room)
        seen = room.router.send(replace(seen.routing, since=NOW).on_trial(A, percent, "0" * 64), seen)
        canary = room.other.look().routing.canary
        assert canary
        assert (canary.layout, canary.percent) == (A, percent)


def test_an_answer_that_is_lost_is_settled_by_looking(room: Room):
    if room.fake is None:
        pytest.skip("it asks no service")
    seen = room.router.look()
    before = {RouterKind.CLOUDFRONT: 1, RouterKind.CLOUDFLARE_KV: 1}.get(room.kind, 0)  # it looks first
    room.fake.fault = [*[(503, {}, b"busy")] * before, *["unanswered"] * (before + 1)]
    patient(room)
    assert room.router.send(seen.routing.switched(A, NOW), seen).routing.live == A


def test_what_may_not_be_done_is_told(room: Room):
    if room.fake is None:
        pytest.skip("it asks no service")
    room.fake.fault = [(403, {}, b"AccessDenied")]
    with pytest.raises(PermissionRefused, match="403"):
        room.router.look()
    room.fake.fault = [(503, {}, b"")] * 9
    with pytest.raises(StorageUnavailable):
        room.router.look()


def test_the_configuration_of_a_distribution_is_kept_but_for_the_path(room: Room):
    if not isinstance(room.fake, FakeCloudFront):
        pytest.skip("of CloudFront alone")
    before, seen = room.fake.config, room.router.look()
    room.router.send(seen.routing.switched(A, NOW), seen)
    assert room.fake.config == before.replace("/wedding<", "/wedding/slots/a<")
    room.fake.config = before.replace("/wedding<", "/elsewhere<")
    with pytest.raises(ConfigInvalid, match="not a gallery"):
        room.router.look()
    room.fake.config = before.replace("gallery.s3", "another.s3")
    with pytest.raises(ConfigInvalid, match="0 origins"):
        room.router.look()


def test_a_link_that_is_not_ours_is_left_alone(tmp_path: Path):
    settings = StoreSettings(target=Target(FOLDER, str(tmp_path)))
    router = open_router(parse_router("folder"), MemoryStore(), settings)
    assert router
    (tmp_path / "live").symlink_to("/etc")
    with pytest.raises(ConfigInvalid, match="not a gallery"):
        router.look()
    (tmp_path / "live").unlink()
    (tmp_path / "live").mkdir()
    with pytest.raises(ConfigInvalid, match="not a link"):
        router.look()


def test_a_pointer_is_written_no_more_often_than_a_service_takes():
    waited: list[float] = []
    settings = StoreSettings(
        target=Target("https://account.r2.cloudflarestorage.com", "gallery"), access_key="a", secret_key="b",
        pause=lambda seconds: bool(waited.append(seconds)) or True,
    )  # fmt: skip
    router = open_router(parse_router("pointer"), MemoryStore(), settings)
    assert router
    seen = router.send(Routing().switched(A, NOW), router.look())
    assert waited == []
    router.send(seen.routing.switched(B, NOW), seen)
    assert len(waited) == 1
    assert 0.5 < waited[0] <= 1.0


def test_a_pointer_is_written_a_few_times_at_once_where_the_service_takes_that():
    """At DigitalOcean five in five minutes: whoever sends visitors back at once need not wait."""
    now, writes = [1000.0], [900.0]  # the run before has written, too

    def pause(seconds: float) -> bool:
        now[0] += seconds
        return True

    router = Pointer(MemoryStore(), 60, pause, 5, lambda: now[0])
    seen = router.look()
    for number in range(20):
        seen = router.send(seen.routing.switched(A if number % 2 else B, NOW), seen)
        writes.append(now[0])
        now[0] += 0.5
    assert writes[4] - writes[1] < 2, "a switch, a canary of two shares, and back"
    assert all(sum(since <= at < since + 300 for at in writes) <= 5 for since in writes)


def test_a_pointer_of_somebody_else_is_not_written_over():
    store = MemoryStore()
    store.put(LIVE_KEY, b'{"hello": "world"}', Headers("application/json"))
    router = open_router(parse_router("pointer"), store, StoreSettings(target=Target(None, "gallery")))
    assert router
    with pytest.raises(ConfigInvalid, match="cannot be understood"):
        router.look()


@pytest.mark.parametrize(
    "text", ["cdn", "cloudfront", "cloudfront:../x", "pointer:x", "cloudflare-kv:a/b", "copy:", ""]
)
def test_an_address_that_cannot_be_is_refused(text: str):
    if text == "copy:":
        assert parse_router(text).kind is RouterKind.COPY
        return
    with pytest.raises(ValueError, match="is not"):
        parse_router(text)


# -- the signature for all regions
# ---------------------------------------------------------------------------------------


def test_a_signature_is_one_of_the_key_that_is_derived():
    key = ec.derive_private_key(private_key("AKIAEXAMPLE", "secret"), ec.SECP256R1())
    for number in range(5):
        message = bytes([number])
        signature = sign(private_key("AKIAEXAMPLE", "secret"), message)
        key.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            key.public_key().verify(signature, message + b"!", ec.ECDSA(hashes.SHA256()))


def test_a_request_is_signed_for_all_regions():
    signer = SignerV4A("AKIAEXAMPLE", "secret", "token", "cloudfront-keyvaluestore")
    headers = signer.headers("GET", "host", "/key-value-stores/arn%3Aaws", NOW, b"")
    assert headers["x-amz-region-set"] == "*"
    told = headers["authorization"]
    names = "host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token"
    assert f"Credential=AKIAEXAMPLE/20260131/cloudfront-keyvaluestore/aws4_request, SignedHeaders={names}" in told
    canonical = "\n".join([
        "GET", "/key-value-stores/arn%253Aaws", "", "host:host",
        f"x-amz-content-sha256:{hashlib.sha256(b'').hexdigest()}",
        "x-amz-date:20260131T120000Z", "x-amz-region-set:*", "x-amz-security-token:token", "", names,
        hashlib.sha256(b"").hexdigest(),
    ])  # fmt: skip
    text = "\n".join([
        "AWS4-ECDSA-P256-SHA256", "20260131T120000Z", "20260131/cloudfront-keyvaluestore/aws4_request",
        hashlib.sha256(canonical.encode()).hexdigest(),
    ])  # fmt: skip
    key = ec.derive_private_key(private_key("AKIAEXAMPLE", "secret"), ec.SECP256R1()).public_key()
    key.verify(bytes.fromhex(told.rpartition("=")[2]), text.encode(), ec.ECDSA(hashes.SHA256()))
