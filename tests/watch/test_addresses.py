"""Addresses of alerts: read whole or refused, and never repeated."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.watch.addresses import Service, Webhook, addresses

KEY = base64.b64encode(bytes(range(32))).decode()


def test_webhooks_and_services_a_line_each():
    text = f"\n https://example.org/hook?a=b#whsec_{KEY} \n\nslack://T0/B0/X0/#general\n"
    assert addresses(text) == (
        Webhook("address 1 (webhook)", "https://example.org/hook?a=b", bytes(range(32))),
        Service("address 2 (slack)", "slack://T0/B0/X0/#general"),
    )


@pytest.mark.parametrize(
    "text", ["example.org", "not an address", "https://example.org/#whsec_", "slack://a b", f"ftp://x#whsec_{KEY}"]
)
def test_what_cannot_be_read_is_refused_by_its_number(text: str):
    with pytest.raises(ValueError, match="address 2 cannot be read") as error:
        addresses(f"ntfy://topic\n{text}")
    assert text not in str(error.value)


@pytest.mark.parametrize("size", [0, 1, 23, 65])
def test_a_key_has_its_length(size: int):
    key = base64.b64encode(bytes(size)).decode() or "A"
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        addresses(f"https://example.org/hook#whsec_{key}")


@given(st.text())
def test_an_address_is_never_shown(text: str):
    secret = "s3cr3t-in-an-address"
    try:
        shown = repr(addresses(f"{text}slack://{secret}\nhttps://{secret}.org/#whsec_{KEY}"))
    except ValueError as error:
        shown = str(error)
    assert secret not in shown
    assert KEY not in shown
