"""From the gallery on disk and the target to a plan that the guards let through."""

from __future__ import annotations

from collections.abc import Callable

from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.events import Planned
from galleria_action.deployment.galleries import LocalGallery, Wanted
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.model import Plan, Storing
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.sources import check_live_collisions
from galleria_action.deployment.state.begun import read_begun
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata.schema import LoadedMetadata
from galleria_action.options.checks import Verify
from galleria_action.options.guards import Orphans, Unproven
from galleria_action.quantities import count, human_size
from galleria_action.storage.interface import ReadStore
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import FOLDER, StoreSettings
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.age import check_age
from galleria_action.usecases.parts.files import check_online
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.places import check_places
from galleria_action.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan and what it was made from. ``hold`` is the claim to a publish of this plan that an earlier run began,
    ``recorded`` the manifest as it lies in the bucket, where ``remote`` shows it as before such a publish."""

    plan: Plan
    local: LocalGallery
    remote: RemoteState
    hold: Hold | None = None
    recorded: Manifest = field(default_factory=Manifest)


def read_target(
    context: Context,
    store: ReadStore,
    metadata: LoadedMetadata | None,
    tell_manifest: Callable[[Manifest], None] = lambda _: None,
) -> RemoteState:
    """What lies there, as far as a plan has to know it; ``metadata`` is that on disk. ``tell_manifest`` hears of the
    record as soon as it is read. Raises the store's errors."""
    options = context.options
    listing = options.checks.verify is not Verify.OFF or options.guards.orphans is Orphans.DELETE
    return read_remote(store, listing=listing, local=metadata, tell_manifest=tell_manifest)


def make_comparison(
    context: Context, store: ReadStore, side: LocalSide, read: Callable[[], RemoteState] | None = None
) -> Comparison:
    """Read the target (or take what ``read`` has read of it), plan, check the guards.

    Raises the store's errors and the guards' refusals. The plan is told before a guard can refuse it, so that reports
    show what was refused.
    """
    options, local = context.options, side.gallery
    with context.phase("Plan"):
        remote = read() if read else read_target(context, store, side.found.metadata)
        context.warn_all(remote.warnings)
        check_places(context, store, local, remote)
        recorded = remote.manifest
        remote = as_before(context, remote)
        same_mode(local, remote)
        check_live_collisions(local, remote.manifest, remote.metadata)
        made = make_plan(
            local,
            remote.gallery(local),
            context.target,
            force=options.guards.force,
            delete_orphans=options.guards.orphans is Orphans.DELETE,
            storing=storing_of(context.settings),
            keep_unproven=options.guards.unproven is Unproven.KEEP,
            strategy=options.strategy.strategy,
        )
        context.tell(Planned(made))
        if options.reports:
            from galleria_action.usecases.parts.pictures import tell_pictures

            tell_pictures(context, made, local, remote, store)
    approved = None if options.sharded else options.guards.approved_plan  # shards have more to say of it
    if approved and approved != made.plan_id and _is_left_of(store, approved, made):
        context.say("An earlier deploy of the approved plan was interrupted; this is what is left of it.")
        approved = None
    check_guards(made, options.guards.max_delete, allow_empty=options.guards.allow_empty, approved_plan=approved)
    if made.changed:
        check_age(context, local, remote.manifest)
    check_online(context, local, side.proved, remote.manifest, (up.key for up in made.uploads))
    return Comparison(made, local, remote, recorded=recorded)


def _is_left_of(store: ReadStore, approved: str, made: Plan) -> bool:
    """Whether the bucket proves that the approved plan had begun, and that this is a part of it."""
    begun = read_begun(store)
    return begun is not None and (begun.plan_id == approved and begun.covers(made))


def storing_of(settings: StoreSettings) -> Storing:
    """How the options want each object kept."""
    return Storing(settings.acl, settings.encryption, settings.storage_class)


def tell_orphans(context: Context, plan: Plan) -> None:
    """Warn of what nothing names, and of what a deploy will do about it."""
    orphans = context.options.guards.orphans
    if not plan.orphans or orphans in (Orphans.IGNORE, Orphans.DELETE):
        return
    shown = ", ".join(map(repr, plan.orphans[:5])) + (", …" if len(plan.orphans) > 5 else "")
    text = f"Nothing names {count(len(plan.orphans), 'object')} in the gallery's folders: {shown}."
    if orphans is Orphans.FAIL:
        text += (
            " A deploy of this plan ends with verify-failed (exit 4) after its commit. Delete them with orphans: "
            "delete, or accept them with orphans: warn."
        )
    context.warn(text)


def tell_keeping(context: Context, made: Comparison) -> None:
    """Say how many bytes are kept so that a deploy of this plan can be taken back."""
    keeping, listing = context.options.releases.keeping, made.remote.listing or {}
    changed = {up.key for up in made.plan.uploads} | {gone.key for gone in made.plan.deletes}
    size = sum(listing[key].size for key in changed if key in listing)
    if keeping.anything and size:
        context.say(f"Keeping what a deploy of it replaces or deletes takes up to {human_size(size)} in the bucket.")
        warn_of_copies(context, size)


def warn_of_copies(context: Context, size: int) -> None:
    """Say where ``size`` bytes that are kept, or come back, cannot count on copies inside the service."""
    if context.target.endpoint == FOLDER or provider_of(context.target.endpoint, context.settings.provider).copy:
        return
    context.warn(
        "A rollback needs copies inside the service, and so does what is kept for one; this service does them badly or "
        f"not at all. What it does not copy goes through this machine, up to {human_size(size)} each way. "
        "keep-releases: 0 keeps nothing."
    )


def as_before(context: Context, remote: RemoteState) -> RemoteState:
    """``remote`` as it was before a publish that has not come to its end, of which is warned; plans are made against
    that."""
    unfinished = remote.unfinished
    if unfinished is None:
        return remote
    context.warn(under_way(unfinished))
    return remote.before(unfinished)


def under_way(publication: Publication) -> str:
    """What to tell of a publish that has not come to its end."""
    return (
        f"A deploy is publishing at this moment, or died while it did (plan {publication.plan_id[:12]}): up to "
        f"{len(publication.replaced):,} live objects are newer than the gallery's metadata. The next deploy finishes "
        "it, or takes it back."
    )


def same_mode(local: Wanted, remote: RemoteState) -> None:
    """A gallery whose metadata got lost must not replace one that has some: it would orphan all of it."""
    if local.keys_of("photo") is None or remote.mode is None or local.mode == remote.mode:
        return
    if local.mode == "directory":
        raise GalleryInvalid(
            "The bucket holds a gallery with gallery-metadata.json, but the source folder has no such file. "
            "This is usually a build that failed or a wrong source folder. Nothing was written.",
            hint="Check the options source and metadata-file. To replace the gallery by a plain folder of photos, "
            "use another prefix.",
        )
