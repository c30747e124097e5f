"""Tasks of a pipeline that look for something in a gallery: each finding has its file, and its line."""

from __future__ import annotations

import pytest

from tests.doors.pipelines import Repository, task
from tests.doors.runner import Ran


def found(repository: Repository, uses: str, settings: str = "") -> Ran:
    repository.config(task(f"{{name: it, uses: {uses}{settings}}}"))
    ran = repository.run()
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (15, "budget-exceeded"), ran.log
    return ran


def test_budgets(repository: Repository):
    ran = found(repository, "budgets", ", with: {web: 100 B, page: 5 B, total: 1 kB}")
    assert "web: " in ran.log and "prod/site/index.html:1: page: " in ran.log and "the gallery weighs" in ran.log


def test_privacy(repository: Repository):
    document = repository.job.gallery.document
    document["photos"][0]["exif"]["serial_number"] = "123-456"
    document["photos"][1]["owner"] = "Jane Doe"
    repository.job.gallery.save()
    ran = found(repository, "privacy")
    assert "serial_number" in ran.log and "owner" in ran.log and "gallery-metadata.json:" in ran.log


def test_what_photos_tell_of_people(repository: Repository):
    """The web files, whose bytes no metadata promises."""
    web = sorted((repository.job.gallery.source / "web").iterdir())
    for file, name in zip(web, (b"OwnerName", b"SerialNumber"), strict=False):
        body = b"http://ns.adobe.com/xap/1.0/\0<x aux:%s='Jane'/>" % name
        segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
        file.write_bytes(file.read_bytes()[:2] + segment + file.read_bytes()[2:])
    ran = found(repository, "privacy")
    assert f"prod/pics/web/{web[0].name}: it tells who took it" in ran.log and "OwnerName" in ran.log
    assert f"prod/pics/web/{web[1].name}" in ran.log and "Jane" not in ran.log
    found(repository, "privacy", ", with: {allow: OwnerName}")
    repository.config(task("{name: it, uses: privacy, with: {allow: 'ownername, serialnumber, cameraserialnumber'}}"))
    clean = repository.run(**{"redact-paths": "true"})
    assert clean.exit_code == 0, clean.log


def test_secrets(repository: Repository):
    pytest.importorskip("detect_secrets")
    key = "AKIA" + "Q3" * 8  # put together here: what looks like a key lies in no file of the project
    (repository.job.site / "app.js").write_text(f"a()\nkey = '{key}'\n", encoding="utf-8")
    ran = found(repository, "secrets")
    assert "prod/site/app.js:2: it looks like a secret: AWS Access Key" in ran.log
    assert key not in ran.log


def test_links(repository: Repository):
    (repository.job.site / "index.html").write_text("<p>\n<img src='photos/full/none.jpg'>", encoding="utf-8")
    repository.config(task("{name: it, uses: links}"))
    ran = repository.run()
    assert ran.exit_code == 17, ran.log
    assert "prod/site/index.html:2: index.html links to photos/full/none.jpg" in ran.log


def test_an_integration_leaves_nothing(repository: Repository):
    repository.config(task("{name: it, uses: integration}"))
    ran = repository.run()
    assert ran.exit_code == 0, ran.log
    assert not repository.live() and ran.outputs["release-id"] == ""
