"""``plan``: show what a deploy would do. Reads only: it is handed a store that cannot write."""

from __future__ import annotations

from dataclasses import dataclass

from galleria_action.commands.cors import check_cors
from galleria_action.commands.local import Gallery, load_gallery, measured
from galleria_action.commands.session import PLAN_FILE, Session
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.model import LocalGallery, Plan
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.shards import missing_key, parse_missing, shards_of
from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata.json_source import paused_gc
from galleria_action.report.documents import plan_json
from galleria_action.report.outcome import to_do
from galleria_action.storage.interface import ReadStore

DRY_RUN_DONE = "Dry run completed - no files were uploaded"


@dataclass(frozen=True, slots=True)
class Checked:
    """The gallery on disk, found sound, and the planner's view of it."""

    gallery: Gallery
    local: LocalGallery


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and everything it was made from."""

    plan: Plan
    gallery: Gallery
    local: LocalGallery
    remote: RemoteState


def plan(session: Session) -> str:
    """Plan, check the guards as a deploy would, and write nothing."""
    session.record.dry_run = True
    checked = check_local(session)
    planned = make_planned(session, session.reading_store(), checked)
    if session.options.upload.shard_count:
        session.record.shards = shards_of(planned.plan, session.options.upload.shard_count)
    if planned.plan.changed:
        check_cors(session, may_write=False)
    return DRY_RUN_DONE


@paused_gc()
def check_local(session: Session) -> Checked:
    """Validate and measure what is on disk, before anything is asked of the network. Raises ``GalleryInvalid``."""
    with session.ci.group("Validate"):
        gallery = load_gallery(session)
        local = measured(session, gallery)
        session.ci.line(f"{len(gallery.photos or ()):,} files of photos, {len(gallery.site or ()):,} of the site")
    return Checked(gallery, local)


@paused_gc()
def make_planned(session: Session, store: ReadStore, checked: Checked) -> Planned:
    """Read the target, plan, write ``plan.json``, check the guards.

    Raises the store's errors and the guards' refusals. The plan is in the record before a guard can refuse it, so that
    reports show what was refused.
    """
    options, gallery, local = session.options, checked.gallery, checked.local
    with session.ci.group("Plan"):
        listing = options.checks.verify != "off" or options.guards.orphans == "delete"
        expected = [file.key for photo in local.photos or () for file in photo.files]
        remote = read_remote(store, listing=listing, local=gallery.metadata, expected=expected)
        session.warn_all(remote.warnings)
        same_mode(gallery, remote)
        made = make_plan(
            local,
            remote.gallery(gallery.commit_key, _missing_at_first(session, store)),
            session.target,
            force=options.guards.force,
            delete_orphans=options.guards.orphans == "delete",
        )
        write_plan(session, made)
    approved = None if options.sharded else options.guards.approved_plan  # shards have more to say of it
    check_guards(made, options.guards.max_delete, allow_empty=options.guards.allow_empty, approved_plan=approved)
    return Planned(made, gallery, local, remote)


def _missing_at_first(session: Session, store: ReadStore) -> frozenset[str]:
    """What was missing when the plan of this shard was made; other shards may have brought it back since.

    Asked for after the listing, never before: a shard writes this down before its first upload, so whoever has seen an
    upload of it in the listing finds the document.
    """
    plan_id = session.options.guards.approved_plan
    if not session.options.sharded or plan_id is None:
        return frozenset()
    found = store.get(missing_key(plan_id))
    return parse_missing(found.body) if found else frozenset()


def write_plan(session: Session, made: Plan) -> None:
    """Into the record and, where it is wanted, into a file."""
    session.record.plan = made
    session.ci.line(f"{to_do(made)}; plan id {made.plan_id}")
    if path := session.report_path(session.options.output.plan_file, PLAN_FILE):
        session.record.plan_file = session.write_report(path, plan_json(made))


def same_mode(gallery: Gallery, remote: RemoteState) -> None:
    """A gallery whose metadata got lost must not replace one that has some: it would orphan all of it."""
    if gallery.photos is None or remote.mode is None or gallery.mode == remote.mode:
        return
    if gallery.mode == "directory":
        raise GalleryInvalid(
            "The bucket holds a gallery with gallery-metadata.json, but the source folder has no such file. "
            "This is usually a build that failed or a wrong source folder. Nothing was written.",
            hint="Check the options source and metadata-file. To replace the gallery by a plain folder of photos, "
            "use another prefix.",
        )
