"""The code for the edge in ``examples/edge``: one table of requests through each file, under Node.

``requests.json`` says of each request what is live, which cookies it has, and from where it is served (``null``: not at
all); ``pins``, ``visits`` and ``noindex`` are what the answer is to say.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.doors.runner import ROOT

HERE = Path(__file__).parent
TABLE = HERE / "requests.json"
MINIFLARE = "miniflare@4.20260426.0"
EDGE = ROOT / "examples/edge"
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def answers(script: str, code: str, *more: str) -> list[Any]:
    done = subprocess.run(
        ["node", str(HERE / script), str(EDGE / code), str(TABLE), *more],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def wanted() -> list[dict[str, Any]]:
    requests = json.loads(TABLE.read_text(encoding="utf-8"))["requests"]
    return [
        {
            "status": 404 if it["served"] is None else 200, "served": it["served"], "noindex": it.get("noindex", False),
            "pins": it.get("pins"), "visits": it.get("visits", False),
        }
        for it in requests
    ]  # fmt: skip


def paths() -> list[str]:
    return [it["path"] for it in json.loads(TABLE.read_text(encoding="utf-8"))["requests"]]


def test_the_worker():
    for path, found, right in zip(paths(), answers("worker.mjs", "worker.js"), wanted(), strict=True):
        assert found == right, path


def test_the_cloudfront_function():
    for path, told, right in zip(paths(), answers("cloudfront.mjs", "cloudfront-function.js"), wanted(), strict=True):
        for found in told:
            assert found == right, path


def test_the_function_is_as_small_as_it_has_to_be():
    """CloudFront takes 10 KB (docs.aws.amazon.com, quotas on CloudFront Functions)."""
    assert len((EDGE / "cloudfront-function.js").read_bytes()) <= 10_000


@pytest.mark.slow
@pytest.mark.parametrize("kv", [[], ["kv"]], ids=["r2", "kv"])
def test_the_worker_under_workerd(kv: list[str], tmp_path: Path):
    """Also a range and what is unchanged, of which only R2 itself knows how it is asked."""
    install = ["npm", "install", "--prefix", str(tmp_path), "--no-audit", "--no-fund", "--ignore-scripts", MINIFLARE]
    try:
        subprocess.run(install, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as why:
        pytest.skip(f"miniflare cannot be installed here: {why}")
    for path, found, right in zip(
        paths(), answers("workerd.mjs", "worker.js", str(tmp_path), *kv), wanted(), strict=True
    ):
        assert found == right, path
