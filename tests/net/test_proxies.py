"""Which proxy a request goes through, by the usual variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import ConfigInvalid
from galleria_action.net.proxies import Proxies, Proxy

P = "http://proxy.example:3128"


def way(environ: dict[str, str], url: str) -> str | None:
    proxy = Proxies.of(environ).for_url(url)
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("environ", "http", "https"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": P}, P, None),
        ({"http_proxy": P}, P, None),
        ({"HTTPS_PROXY": P}, None, P),
        ({"ALL_PROXY": P}, P, P),
        ({"all_proxy": P, "https_proxy": "http://other:1"}, P, "http://other:1"),
        ({"HTTPS_PROXY": P, "https_proxy": "http://lower:1"}, None, "http://lower:1"),
        ({"HTTPS_PROXY": ""}, None, None),
        ({"HTTP_PROXY": P, "HTTPS_PROXY": P, "REQUEST_METHOD": "GET"}, None, P),
        ({"ALL_PROXY": "proxy.example:3128"}, P, P),
        ({"ALL_PROXY": "https://proxy.example"}, "https://proxy.example:443", "https://proxy.example:443"),
        ({"ALL_PROXY": "http://[::1]:8080"}, "http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_variables(environ: dict[str, str], http: str | None, https: str | None) -> None:
    assert way(environ, "http://s3.example.com") == http
    assert way(environ, "https://s3.example.com") == https


@pytest.mark.parametrize(
    ("exempt", "url", "direct"),
    [
        ("*", "https://s3.example.com", True),
        ("s3.example.com", "https://s3.example.com", True),
        ("S3.Example.COM", "https://s3.EXAMPLE.com", True),
        ("example.com", "https://s3.example.com", True),
        (".example.com", "https://s3.example.com", True),
        ("*.example.com", "https://s3.example.com", True),
        ("xample.com", "https://s3.example.com", False),
        ("other.org, example.com", "https://s3.example.com", True),
        ("other.org example.com", "https://s3.example.com", True),
        ("example.com:9000", "https://s3.example.com", False),
        ("example.com:9000", "https://s3.example.com:9000", True),
        ("example.com:443", "https://s3.example.com", True),
        ("10.0.0.0/8", "http://10.1.2.3:9000", True),
        ("10.0.0.0/8", "http://11.1.2.3:9000", False),
        ("127.0.0.1", "http://127.0.0.1:9000", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9000", True),
        ("127.0.0.1:9001", "http://127.0.0.1:9000", False),
        ("::1", "http://[::1]:9000", True),
        ("[::1]:9000", "http://[::1]:9000", True),
        ("fd00::/8", "http://[fd00::2]", True),
        ("10.0.0.0/8", "http://ten.example", False),
        (",", "http://s3.example.com", False),
        ("", "http://s3.example.com", False),
    ],
)
def test_who_is_exempt(exempt: str, url: str, direct: bool) -> None:
    assert (way({"ALL_PROXY": P, "NO_PROXY": exempt}, url) is None) is direct


def test_a_password_goes_into_the_header_and_into_no_text() -> None:
    proxies = Proxies.of({"https_proxy": "http://me:can%40ary@proxy:3128", "http_proxy": "http://me:canary@p q"})
    proxy = proxies.for_url("https://x")
    assert proxy == Proxy("http", "proxy", 3128, "Basic bWU6Y2FuQGFyeQ==")
    assert "can" not in f"{proxies!r} {proxy!r} {proxy.url}"
    with pytest.raises(ConfigInvalid) as caught:
        proxies.for_url("http://x")
    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["socks5://127.0.0.1:1080", "socks4a://h:1", "ftp://h", "http://", "http://h:port", ":"]
)
def test_what_is_not_a_proxy_that_can_be_used(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="ALL_PROXY"):
        Proxies.of({"ALL_PROXY": url}).for_url("https://x")
    assert Proxies.of({"ALL_PROXY": url, "NO_PROXY": "x"}).for_url("https://x") is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_variable_is_an_answer_or_a_refusal(proxy: str, exempt: str) -> None:
    try:
        found = Proxies.of({"http_proxy": proxy, "no_proxy": exempt}).for_url("http://s3.example.com")
    except ConfigInvalid:
        return
    assert found is None or found.host
