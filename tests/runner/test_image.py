"""The image itself: what was cut away is not needed, what a run needs is there, and nothing else."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from galleria_action import __version__
from tests.builders import make_gallery
from tests.runner.container import DOCKER, ROOT, Job, docker, in_image, the_image

pytestmark = pytest.mark.container

BASE = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("FROM ")[2].split()[0]
#: bytes of our layers, compressed
OUR_LAYERS_LIMIT = 20_000_000


def test_the_clients_that_are_used_can_be_made_and_others_are_cut_away():
    code = """if True:
        import botocore.session
        session = botocore.session.Session()
        for service in ("s3", "sts", "sso", "sso-oidc"):
            client = session.create_client(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
            print(service, client.meta.endpoint_url)
        print(len(session.get_available_services()))
    """
    lines = in_image("/opt/venv/bin/python", "-c", code).stdout.split("\n")
    assert lines[0] == "s3 https://s3.eu-central-1.amazonaws.com"
    assert lines[1].startswith("sts https://sts.eu-central-1.")
    assert lines[4] == "4"


def test_signing_in_by_oidc_gets_as_far_as_the_network():
    """The description of a service that signs in is read only then."""
    code = """if True:
        import botocore.session
        try:
            botocore.session.Session().get_credentials().get_frozen_credentials()
        except Exception as error:
            print(type(error).__name__, error)
    """
    token = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/etc/hostname"}
    run = in_image("/opt/venv/bin/python", "-c", code, AWS_REGION="eu-central-1", **token)
    assert run.stdout.startswith("EndpointConnectionError"), run.stdout + run.stderr
    assert "https://sts." in run.stdout


def test_every_module_of_ours_can_be_imported_and_is_compiled():
    code = """if True:
        import importlib, pathlib, pkgutil, galleria_action
        walked = pkgutil.walk_packages(galleria_action.__path__, "galleria_action.")
        # the studio has an image of its own
        names = [module.name for module in walked if not module.name.startswith("galleria_action.studio.")]
        for name in names:
            importlib.import_module(name)
        sources = [p for p in pathlib.Path("/app").rglob("*.py")]
        print(len(names), [p for p in sources if not list((p.parent / "__pycache__").glob(p.stem + ".*.pyc"))])
    """
    number, _, uncompiled = in_image("/opt/venv/bin/python", "-c", code, PYTHONPATH="/app").stdout.partition(" ")
    assert int(number) > 50
    assert uncompiled.strip() == "[]"


def test_a_run_compiles_nothing():
    """Compiling what it imports anew would cost every run half a second."""
    probe = "import galleria_action.run, boto3, click, jsonschema, jsonschema_rs, urllib3, yaml"
    run = in_image("/opt/venv/bin/python", "-v", "-c", probe, PYTHONPATH="/app")
    loaded = re.findall(r"# code object from '?([^'\n]+)'?\n", run.stderr)
    assert len(loaded) > 200
    assert [path for path in loaded if not path.endswith(".pyc")] == []


def test_a_person_at_a_terminal_gets_a_progress_bar(job: Job):
    """``docker run -it``."""
    keyboard, terminal = pty.openpty()
    job.workspace.joinpath("bucket").mkdir()
    command = [DOCKER, "run", "--rm", "-it", "--network", "none", "-v", f"{job.workspace}:/github/workspace",
               the_image(), "deploy", "--bucket", "file:///github/workspace/bucket"]  # fmt: skip
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=os.environ) as client:
        os.close(terminal)
        shown = b""
        while piece := _read(keyboard):
            shown += piece
    os.close(keyboard)
    assert client.returncode == 0, shown.decode()
    assert b"Uploaded 0 of 9" in shown  # drawn before the first file has arrived
    assert (job.workspace / "bucket/gallery-metadata.json").exists()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side has closed
        return b""


def test_the_command_is_on_the_path_for_cis_that_run_a_script_in_the_container():
    assert in_image("sh", "-c", "galleria-action --version").stdout.strip() == f"galleria-action {__version__}"


def test_nothing_of_the_repository_but_the_action_is_in_it():
    names = set(in_image("sh", "-c", "ls -A /app").stdout.split())
    assert names == {"LICENSE", "__pycache__", "entrypoint.py", "galleria_action", "schemas"}
    assert "pip" not in in_image("sh", "-c", "ls /opt/venv/bin").stdout.split()


def test_it_says_how_to_be_run():
    config = json.loads(docker("image", "inspect", the_image()))[0]["Config"]
    assert config["Entrypoint"][0].startswith("/")
    assert config["User"] in ("", "root", "0")
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def test_it_is_small(tmp_path: Path):
    """The base image is not ours to make smaller; what we put on top of it is."""
    whole, base = (_compressed(image, tmp_path / "image.tar") for image in (the_image(), BASE))
    print(f"{whole / 1e6:.1f} MB compressed, {(whole - base) / 1e6:.1f} MB of them ours")
    assert whole - base < OUR_LAYERS_LIMIT


def _compressed(image: str, archive: Path) -> int:
    """Bytes of the image as a registry keeps it."""
    docker("save", "--output", str(archive), image)
    packed = subprocess.run(["gzip", "-6", "--stdout", str(archive)], check=True, capture_output=True)
    return len(packed.stdout)


def test_the_command_line_of_the_readme(job: Job):
    make_gallery(job.workspace / "prod/pics", 1)
    mount = f"{job.workspace}:/github/workspace"
    assert docker("run", "--rm", "--network", "none", "-v", mount, the_image(), "validate")
