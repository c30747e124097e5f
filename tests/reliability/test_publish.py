"""Nothing live changes before publish: a run that fails, is killed or loses leaves every live object as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from galleria_action.deployment.releases.record import is_open
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.pool import POOL_FOLDER, unproven_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.deployment.state.written import parse_manifest
from galleria_action.deployment.stop import Stop
from galleria_action.errors import (
    BucketMissing,
    Conflict,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.storage.interface import Headers, Target, WriteStore
from galleria_action.values import replace
from tests.builders import photo_bytes
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, Killed, MortalStore
from tests.reliability.scenes import (
    SCENES,
    Scene,
    apart_from_releases,
    check_untouched,
    live,
    make_scene,
    publishing,
    seed,
    state_of,
)


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return make_scene(getattr(request, "param", "changes"), tmp_path / "workspace", MemoryStore)


def before(scene: Scene, **how: bool) -> MemoryStore:
    store = MemoryStore(**how)
    seed(store, scene.before)
    return store


def killed_while_publishing(scene: Scene, concurrency: str = "1") -> list[MemoryStore]:
    """A bucket for each request of the publish at which a run can die: with a ``concurrency`` also while it still sends
    what it has begun to publish."""
    store, found = before(scene), []
    for death in deaths_of(lambda fate: scene.deploy(store, fate, concurrency=concurrency), store):
        now = state_of(death.store)
        if publishing(now) and not scene.committed(now):
            found.append(death.store)
    return found


class Different(MemoryStore):
    """Gives what it copies to a live key another ETag, which it did not do before."""

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        etag = super().copy(source, key, headers, origin)
        if key.startswith(".galleria/"):
            return etag
        self.objects[key] = replace(self.objects[key], etag=f"{etag}-1")
        return f"{etag}-1"


def records_and_copies(scene: Scene, store: MemoryStore) -> tuple[list[int], list[int]]:
    """When a deploy to ``store`` writes its record, and when live objects change."""
    fate = Fate()
    ran = scene.deploy(store, fate)
    assert ran.exit_code == 0, ran.log
    copies = [at for at, (op, key) in enumerate(fate.writes) if op == "copy" and not key.startswith(".galleria/")]
    return [at for at, write in enumerate(fate.writes) if write == ("put", MANIFEST_KEY)], copies


@pytest.mark.parametrize(
    ("scene", "foreign_etags", "ahead"),
    [("changes", False, True), ("changes", True, False), ("directory", False, False), ("site-only", False, False)],
    indirect=["scene"],
)
def test_the_record_goes_ahead_where_it_is_known_and_does_not_commit(scene: Scene, foreign_etags: bool, ahead: bool):
    """Once, in any case: a copy inside the service has the ETag of what was copied, or it is waited for."""
    records, copies = records_and_copies(scene, before(scene, foreign_etags=foreign_etags))
    assert len(records) == 1
    assert copies
    assert records[0] < min(copies) if ahead else records[0] > max(copies)


def test_a_record_that_was_written_ahead_and_is_not_true_is_written_again(scene: Scene):
    store = Different()
    seed(store, scene.before)
    records, copies = records_and_copies(scene, store)
    assert len(records) == 2
    assert records[0] < min(copies) < max(copies) < records[1]
    recorded = parse_manifest(store.objects[MANIFEST_KEY].body).objects
    assert {key: it.etag for key, it in recorded.items()} == {
        key: it.etag for key, it in store.objects.items() if key in recorded
    }


# -- a publish that died -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["changes", "directory", "photos-only", "site-only"], indirect=True)
def test_a_publish_that_died_is_finished_by_the_next_run_of_the_same_plan(scene: Scene):
    undisturbed = before(scene)
    scene.deploy(undisturbed)
    died = killed_while_publishing(scene)
    assert len(died) >= 2
    for store in died:
        told = scene.run("plan", store)
        assert "A deploy is publishing at this moment, or died while it did" in told.log
        ran = scene.deploy(store)
        assert ran.exit_code == 0, ran.log
        assert apart_from_releases(state_of(store)) == apart_from_releases(state_of(undisturbed))


@pytest.mark.parametrize("concurrency", ["1", "8"])
@pytest.mark.parametrize("scene", ["changes", "directory"], indirect=True)
def test_a_publish_that_died_is_taken_back_when_the_plan_is_another(scene: Scene, concurrency: str):
    died = killed_while_publishing(scene, concurrency)
    if scene.gallery.metadata_path.exists():
        scene.gallery.change(2)
    else:
        next((scene.gallery.source / "full").iterdir()).write_bytes(photo_bytes(77))
    undisturbed = before(scene)
    assert scene.deploy(undisturbed).exit_code == 0
    for store in died:
        # What died had sent to keys that nothing names may be anybody's, so it is kept where it is replaced.
        left = {unproven_key(it.key, it.etag) for it in store.list() if it.key not in scene.before}
        ran = scene.deploy(store)
        assert ran.exit_code == 0, ran.log
        assert "taken back first" in ran.log
        assert live(state_of(store)) == live(state_of(undisturbed))
        kept = {key for key in state_of(undisturbed) if key.startswith(POOL_FOLDER)}
        now = {key for key in state_of(store) if key.startswith((POOL_FOLDER, PUBLICATION_KEY))}
        assert kept <= now <= kept | left


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_what_a_publish_that_died_had_not_kept_is_kept_by_the_next(scene: Scene, concurrency: str):
    """It died when it had said that it begins, and before it had kept what it replaces."""
    undisturbed = before(scene)
    scene.deploy(undisturbed)
    for store in killed_while_publishing(scene, concurrency):
        pool = {key for key in state_of(store) if key.startswith(POOL_FOLDER)}
        assert scene.deploy(store).exit_code == 0
        back = scene.run("rollback", store)
        assert back.exit_code == 0, back.log
        assert live(state_of(store)) == live(scene.before), pool


def test_taking_back_alone_gives_every_byte_and_header_back(tmp_path: Path):
    """The gallery on disk is again the one that is live: nothing is to be deployed, and all is to be taken back."""
    scene = make_scene("changes", tmp_path / "workspace", MemoryStore, change=False)
    as_it_was = shutil.copytree(scene.workspace, tmp_path / "as it was")
    scene.gallery.change(0)
    (scene.workspace / "prod/site/index.html").write_text("another", encoding="utf-8")
    died = killed_while_publishing(scene)
    shutil.rmtree(scene.workspace)
    shutil.copytree(as_it_was, scene.workspace)
    tidied = False
    for store in died:
        recorded = any(map(is_open, state_of(store)))
        ran = scene.deploy(store)
        assert ran.exit_code == 0, ran.log
        assert "taken back first" in ran.log
        assert "Nothing to do" in ran.log, "nothing had to be sent for that"
        now = state_of(store)
        left = now.keys() - scene.before.keys()
        assert {key: it for key, it in now.items() if key not in left} == scene.before
        assert not left or not recorded, "only a release that was written down tells what else there is to tidy"
        assert not [key for key in left if not key.startswith(POOL_FOLDER)]
        if left and not tidied:
            (scene.workspace / "prod/site/about.html").write_text("another, too", encoding="utf-8")
            assert scene.deploy(store).exit_code == 0
            assert not left & state_of(store).keys(), "the next deploy that does something tidies the rest"
            tidied = True
            shutil.rmtree(scene.workspace)
            shutil.copytree(as_it_was, scene.workspace)
    assert tidied


# -- a deploy that fails -------------------------------------------------------------------------------------------


@dataclass
class Failing(MortalStore):
    """A store that answers the ``at``-th write whose key ``concerns`` it with ``error``, and every later one."""

    store: WriteStore
    error: GalleriaError
    concerns: Callable[[str, str], bool]

    def __post_init__(self) -> None:
        MortalStore.__init__(self, self.store, Fate())

    def put(self, key: str, *more: object) -> str:  # type: ignore[override]
        if self.concerns("put", key):
            raise self.error
        return super().put(key, *more)  # type: ignore[arg-type]

    def copy(self, source: str, key: str, headers: Headers | None = None) -> str:
        if self.concerns("copy", key):
            raise self.error
        return super().copy(source, key, headers)


_FAULTS = {
    "quota": StorageUnavailable("The bucket is full."),
    "expired credentials": CredentialsError("The token has expired."),
    "permission": PermissionRefused("May not write."),
}
_WHERE = {
    "pool": lambda op, key: op == "put" and key.startswith(POOL_FOLDER),
    "new keys": lambda op, key: op == "put" and key == "new.css",
    "keeping": lambda op, key: key.startswith(POOL_FOLDER) and op == "copy",
    "the record of the publish": lambda op, key: key == PUBLICATION_KEY,
    "the record": lambda op, key: key == ".galleria/manifest.json",
    "the commit": lambda op, key: key == "gallery-metadata.json",
}


@pytest.mark.parametrize("where", _WHERE)
@pytest.mark.parametrize("fault", _FAULTS)
def test_a_deploy_that_fails_leaves_the_live_gallery_as_it_was(scene: Scene, fault: str, where: str):
    store = before(scene)
    scene_store = Failing(store, _FAULTS[fault], _WHERE[where])
    ran = scene.deploy(scene_store)  # type: ignore[arg-type]
    if where == "keeping" and ran.exit_code == 0:
        return  # carried through this machine instead
    assert ran.exit_code in (5, 6, 10), ran.log
    check_untouched(state_of(store), scene.before)
    assert not publishing(state_of(store))
    assert scene.deploy(store).exit_code == 0


def _photo(op: str, key: str) -> bool:
    return op == "put" and "/web/" in key


def _spoil(scene: Scene) -> None:
    """The file of a new photo is not the one that the metadata describes."""
    path = scene.gallery.local_path(2, "full")
    path.write_bytes(path.read_bytes() + b"x")


def _empty(scene: Scene) -> None:
    while scene.gallery.photos:
        scene.gallery.remove(0)


class _NoRules:
    def read(self) -> list[dict[str, object]]:
        return []


@dataclass(frozen=True)
class Ending:
    """How a deploy comes to end with a reason of the contract before its commit: what is wrong on the disk, what the
    storage answers to which writes (an exception, or the wish to stop), what is asked."""

    spoil: Callable[[Scene], None] = lambda scene: None
    error: BaseException | int | None = None
    concerns: Callable[[str, str], bool] = lambda op, key: op in ("put", "copy")
    inputs: tuple[tuple[str, str], ...] = ()


ENDINGS = {
    "config-invalid": Ending(inputs=(("max_delete", "many"),)),
    "gallery-invalid": Ending(_spoil),
    "storage-unavailable": Ending(
        error=StorageUnavailable("The bucket is full."), concerns=lambda op, key: key == PUBLICATION_KEY
    ),
    "upload-failed": Ending(error=StorageUnavailable("The bucket is full."), concerns=_photo),
    "credentials": Ending(error=CredentialsError("The token has expired."), concerns=_photo),
    "permission": Ending(error=PermissionRefused("May not write."), concerns=_photo),
    "bucket-missing": Ending(error=BucketMissing("The bucket is gone.")),
    "delete-guard": Ending(inputs=(("max_delete", "0"),)),
    "empty-gallery": Ending(_empty),
    "cors": Ending(inputs=(("cors", "require"), ("photos_only", "true"))),
    "plan-changed": Ending(inputs=(("approved_plan", "0" * 64),)),
    "conflict": Ending(error=Conflict("Another was faster."), concerns=lambda op, key: key == "gallery-metadata.json"),
    "cancelled": Ending(error=15, concerns=_photo),
    "internal": Ending(error=ZeroDivisionError("a defect"), concerns=_photo),
}


@pytest.mark.parametrize("foreign_etags", [False, True])
@pytest.mark.parametrize("reason", ENDINGS)
def test_whatever_a_deploy_fails_for_the_live_gallery_is_as_it_was(
    scene: Scene, reason: str, foreign_etags: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("galleria_action.usecases.cors.open_cors", lambda settings: _NoRules())
    ending, store, stop = ENDINGS[reason], before(scene, foreign_etags=foreign_etags), Stop()
    scene.gallery.change(1)
    ending.spoil(scene)

    def concerns(op: str, key: str) -> bool:
        hit = ending.error is not None and ending.concerns(op, key)
        if hit and isinstance(ending.error, int):
            stop.request(ending.error)
        return hit and not isinstance(ending.error, int)

    ran = scene.deploy(Failing(store, ending.error, concerns), stop=stop, **dict(ending.inputs))  # type: ignore[arg-type]
    assert ran.outputs["failure-reason"] == reason, ran.log
    check_untouched(state_of(store), scene.before)
    assert not publishing(state_of(store))


def test_a_service_that_refuses_every_claim_is_not_asked_for_ever(scene: Scene):
    store = before(scene)
    refusing = Failing(store, Conflict("Another publishes."), lambda op, key: key == PUBLICATION_KEY)
    ran = scene.deploy(refusing)  # type: ignore[arg-type]
    assert ran.outputs["failure-reason"] == "conflict", ran.log
    check_untouched(state_of(store), scene.before)


def test_a_service_that_cannot_copy_gets_the_bytes_again_and_the_log_says_so(scene: Scene):
    store, undisturbed = before(scene), before(scene)
    scene.deploy(undisturbed)
    ran = scene.deploy(Failing(store, StorageUnavailable("NotImplemented"), lambda op, key: op == "copy"))  # type: ignore[arg-type]
    assert ran.exit_code == 0, ran.log
    assert "could not be copied inside the service and were sent again" in ran.log
    assert live(state_of(store)) == live(state_of(undisturbed))


def test_another_deploy_that_commits_first_finds_its_photos_as_they_were(scene: Scene):
    """The commit is refused, so what was published for it is taken back."""
    store = before(scene)

    class Faster(MortalStore):
        def put(self, key: str, *more: object) -> str:  # type: ignore[override]
            if key == "gallery-metadata.json":
                store.objects.pop(key)
                store.put(key, b'{"schema_version": "1.0", "photos": []}', Headers("application/json"))
            return super().put(key, *more)  # type: ignore[arg-type]

    ran = scene.deploy(Faster(store, Fate()))
    assert ran.exit_code == 9, ran.log
    kept = {key: it for key, it in live(scene.before).items() if key != "gallery-metadata.json"}
    assert {key: store.objects[key].body for key in kept} == {key: body for key, (body, _) in kept.items()}


def test_a_signal_while_publishing_says_what_visitors_may_see(scene: Scene):
    store, stop = before(scene), Stop()
    fate = Fate()
    was = live(scene.before).items()
    fate.before = lambda number: None if was <= live(state_of(store)).items() else stop.request(15)
    ran = scene.deploy(store, fate, stop)
    assert ran.exit_code == 143
    assert "while publishing" in ran.outputs["message"]
    assert "is as before" not in ran.log
    assert scene.deploy(store).exit_code == 0


# -- what lies in the pool -----------------------------------------------------------------------------------------


def test_a_pool_object_whose_bytes_are_not_its_name_is_never_published(scene: Scene):
    undisturbed = before(scene)
    scene.deploy(undisturbed)
    for foreign in (False, True):
        store = before(scene, foreign_etags=foreign)
        with pytest.raises(Killed):
            scene.deploy(store, Fate(4))
        pool = [key for key in store.objects if key.startswith(POOL_FOLDER)]
        assert pool
        for key in pool:
            store.put(key, b"x" * len(store.objects[key].body), Headers("image/jpeg"))
        assert scene.deploy(store).exit_code in (0, 4)
        assert {k: b for k, (b, _) in live(state_of(store)).items()} == {
            k: b for k, (b, _) in live(state_of(undisturbed)).items()
        }


@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_a_first_deploy_over_foreign_objects_keeps_them_until_it_publishes(scene: Scene):
    store = before(scene)
    names = list(live(state_of(store))) or ["index.html"]
    for key in names[:2]:
        store.put(key, b"somebody else's", Headers("text/plain"))
    there, fate = state_of(store), Fate()
    ran = scene.deploy(store, fate)
    assert ran.exit_code in (0, 4), ran.log
    begun = next((n for n, (_, key) in enumerate(fate.writes) if key == PUBLICATION_KEY), len(fate.writes))
    assert not [key for _, key in fate.writes[:begun] if key in live(there)]
