"""A plan without secrets, for the pull requests of forks: against the gallery as its visitors see it."""

from __future__ import annotations

from galleria_action.deployment.events import Planned
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import StorageUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import DOCUMENT, StoredObject
from galleria_action.storage.public_store import PublicStore, public_target
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.files import check_online, check_sent
from galleria_action.usecases.parts.local import check_local
from galleria_action.usecases.parts.pictures import tell_pictures
from galleria_action.usecases.parts.planning import same_mode
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.results import PlanMade
from galleria_action.values import replace


class _MetadataOnly(PublicStore):
    """What a visitor may rely on. Our own record beside it is not for the public, and may be kept from it."""

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        return super().get(key, most) if key == METADATA_KEY else None


def plan_publicly(context: Context) -> PlanMade:
    """Validate, and plan against the public metadata as far as that can be read.

    Raises ``GalleryInvalid`` and the guards' refusals; that the public gallery is out of reach is a warning.
    """
    options, whose, url = context.options, context.without_secrets, context.options.review.public_url
    side = check_local(context)
    if not url or side.found.metadata is None:
        lacking = "no metadata to compare" if url else "no public-url"
        context.warn(f"This is {whose}, which gets no secrets, and there is {lacking}: validated, but not planned.")
        return PlanMade(None)
    try:
        with context.phase("Plan"):
            remote = read_remote(_MetadataOnly(url), listing=False)
    except StorageUnavailable as error:
        context.warn(f"This is {whose}, which gets no secrets: validated, but not planned. {error.message}")
        return PlanMade(None)
    context.warn_all(remote.warnings)
    context.warn(
        f"This is {whose}, which gets no secrets: planned from the public metadata. The bucket was not listed, and "
        "what only the bucket tells (headers, site, missing objects) is not in this plan."
    )
    local = replace(side.gallery, site=None)
    same_mode(local, remote)
    made = make_plan(local, remote.gallery(local), public_target(url), force=options.guards.force, keep_unproven=True)
    context.tell(Planned(made))
    tell_pictures(context, made, local, remote, None)
    check_guards(made, options.guards.max_delete, allow_empty=options.guards.allow_empty)
    sent = [up.key for up in made.uploads]
    check_online(context, local, side.proved, remote.manifest, sent)
    check_sent(context, local, sent)
    look_for_positions(context, made.uploads)
    return PlanMade(made)
