"""Results of every kind and size for the report tests, made by the real planner."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhoto
from galleria_action.deployment.model import Base, Commit, PhotoEdit, Plan, SourceFile
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.verification import Verification
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.errors import Finding, GalleriaError
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import NO_SETTINGS, VARIANTS, GalleryMetadata, Variant
from galleria_action.report.result import Result, Tally, finish
from galleria_action.storage.interface import Headers, Target

TARGET = Target("https://s3.example.net", "holiday-photos", "2026/")
DRY_RUN = "Dry run completed - no files were uploaded"
SIZES = {"full": 3_100_000, "web": 412_345, "thumb": 18_200}
SETTINGS = NO_SETTINGS

HOSTILE = (
    "::error file=a::x",
    "##[error]x",
    "a|b\\|c",
    "`tick` ```` " + "`" * 90,
    "-->a<!--",
    "<img src=x onerror=alert(1)>",
    "![i](https://evil.example/i.png)",
    "[click](https://evil.example)",
    "@torvalds and @github/security",
    "#1 GH-2 owner/repo#3",
    "https://evil.example www.evil.example mail@evil.example",
    "\u202egpj.exe\u202c",
    "zero\u200bwidth\ufeff",
    "line\nbreak\r\n# heading",
    "\x1b[31mred\x1b[0m\x00",
    "emoji 📷 ümläut 写真",
    "lone \udcff surrogate",
    "$`x`$ $$y$$ :tada:",
    "long " + "n" * 5000,
)


def photo(name: str, *, folder: str = "photos", identity: str = "a") -> SourcePhoto:
    """A local photo with its three files."""
    files = (
        source_file(f"{folder}/{variant}/{name}.jpg", SIZES[variant], identity, Headers("image/jpeg"), variant)
        for variant in VARIANTS
    )
    return SourcePhoto(name, identity * 64, tuple(files), PhotoEdit(None, None))


def remote_gallery(photos: Sequence[SourcePhoto]) -> RemoteGallery:
    """A remote gallery that holds ``photos``."""
    document = {
        "schema_version": "1.0",
        "photos": [
            {
                "id": one.id,
                "original_path": "x",
                "file_hash": one.identity,
                "deployment_file_hash": one.identity,
                "exif": {},
                "files": {str(file.variant): file.key for file in one.files},
            }
            for one in photos
        ],
    }
    return RemoteGallery(Base("b" * 64, "etag"), GalleryMetadata.from_dict(document))


def source_file(key: str, size: int, content: str, headers: Headers, variant: Variant | None = None) -> SourceFile:
    """A local file of ``size`` bytes whose hash is ``content`` repeated."""
    return SourceFile(key, LocalFile(key, "x", size, variant, b""), content * 64, headers)


def document(content: str) -> Commit:
    """Metadata of 1,000 bytes whose hash is ``content`` repeated."""
    return Commit("gallery-metadata.json", content * 64, Headers("application/json", "no-cache"), bytes(1000))


def page(key: str, body: str = "c") -> SourceFile:
    """A local file of the site."""
    return source_file(key, 2048, body, Headers("text/html"))


def site_manifest(*keys: str) -> dict[str, ManifestEntry]:
    """Manifest entries of site files that were deployed earlier."""
    return {key: ManifestEntry(2048, "d" * 64, "etag", "headers", "d" * 64, "site") for key in keys}


@cache
def growing_plan(number: int) -> Plan:
    """``number`` new photos in folders of 100, and nothing else."""
    photos = tuple(photo(f"IMG_{index:05}", folder=f"photos/{index // 100:03}") for index in range(number))
    local = LocalGallery("metadata", photos, None, SETTINGS, document("e" if number else "b"))
    return make_plan(local, remote_gallery(()), TARGET)


def mixed_plan() -> Plan:
    """New, changed, unchanged, moved and removed photos, and a site."""
    kept = [photo(f"KEPT_{index}") for index in range(5)]
    before = [*kept, photo("CHANGED", identity="f"), photo("MOVED", folder="old"), photo("GONE"), photo("GONE_TOO")]
    local = (*kept, photo("CHANGED"), photo("MOVED"), photo("NEW"))
    manifest = Manifest(site_manifest("index.html", "old page.html"))
    remote = remote_gallery(before)
    remote = RemoteGallery(remote.base, remote.metadata, manifest)
    site = (page("index.html"), page("about/index.html"))
    return make_plan(LocalGallery("metadata", local, site, SETTINGS, document("e")), remote, TARGET, keep_unproven=True)


def named_plan(names: Sequence[str]) -> Plan:
    """New photos and site files, and photos to be deleted, called ``names``."""
    local = tuple(photo(name) for name in names)
    gone = [photo(f"gone {name}") for name in names]
    site = tuple(page(f"site/{name}") for name in names)
    return make_plan(LocalGallery("metadata", local, site, SETTINGS, document("e")), remote_gallery(gone), TARGET)


def record(command: str = "deploy", plan: Plan | None = None, *, dry_run: bool = False) -> Tally:
    """A record as a command would have filled it."""
    done = Tally(command, dry_run=dry_run, mode="metadata", target=TARGET, plan=plan)
    done.requests = lambda: {"get": 2, "list": 1}
    return done


def planned(plan: Plan) -> Result:
    """The result of a dry run."""
    return finish(record("deploy", plan, dry_run=True), DRY_RUN, 1.234)


def deployed(plan: Plan) -> Result:
    """The result of a deploy that did everything."""
    done = record("deploy", plan)
    done.photos_uploaded = len(plan.photo_uploads)
    done.photos_deleted = len(plan.removed_photos)
    done.files_uploaded = len(plan.uploads)
    done.bytes_uploaded = plan.bytes_to_upload
    done.committed = done.metadata_uploaded = plan.commit is not None
    done.url = "https://photos.example.org/2026/"
    done.verification = Verification(checked=3 * plan.local_photo_count + 1)
    done.requests = lambda: {"get": 2, "put": len(plan.uploads) + 2, "list": 2}
    return finish(done, "Deployed.", 83.2)


def failed(error: GalleriaError, plan: Plan | None = None, command: str = "deploy") -> Result:
    """The result of a run that ``error`` ended."""
    return finish(record(command, plan), "", 3.21, error)


def hostile() -> Result:
    """Everything that can hold untrusted text holds some."""
    done = record("deploy", named_plan(HOSTILE))
    done.target = Target(HOSTILE[7], HOSTILE[8], HOSTILE[2])
    done.url = "https://evil.example/](x)<script>"
    done.verification = Verification(3, HOSTILE, HOSTILE, HOSTILE)
    done.warnings = list(HOSTILE)
    done.requests = lambda: {HOSTILE[5]: 3}
    findings = [Finding(name, name, 7) for name in HOSTILE]
    error = GalleriaError("\n".join(HOSTILE), hint="\n".join(HOSTILE), findings=findings)
    return finish(done, "", 1.0, error)
