"""A plan without secrets, for the pull requests of forks: against the gallery as its visitors see it."""

from __future__ import annotations

from dataclasses import replace

from galleria_action.commands.plan import DRY_RUN_DONE, check_local, same_mode, write_plan
from galleria_action.commands.session import Session
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import StorageUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import DOCUMENT, StoredObject
from galleria_action.storage.public_store import PublicStore, public_target


class _MetadataOnly(PublicStore):
    """What a visitor may rely on. Our own record beside it is not for the public, and may be kept from it."""

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        return super().get(key, most) if key == METADATA_KEY else None


def plan_publicly(session: Session) -> str:
    """Validate, and plan against the public metadata as far as that can be read.

    Raises ``GalleryInvalid`` and the guards' refusals; that the public gallery is out of reach is a warning.
    """
    options, whose = session.options, session.ci.occasion.without_secrets
    session.record.dry_run = True
    checked = check_local(session)
    gallery, local = checked.gallery, replace(checked.local, site=None)
    if not options.review.public_url or gallery.metadata is None:
        lacking = "no metadata to compare" if options.review.public_url else "no public-url"
        session.warn(f"This is {whose}, which gets no secrets, and there is {lacking}: validated, but not planned.")
        return "The gallery is valid. It was not planned."
    try:
        with session.ci.group("Plan"):
            remote = read_remote(_MetadataOnly(options.review.public_url), listing=False)
    except StorageUnavailable as error:
        session.warn(f"This is {whose}, which gets no secrets: validated, but not planned. {error.message}")
        return "The gallery is valid. It was not planned."
    session.warn_all(remote.warnings)
    session.warn(
        f"This is {whose}, which gets no secrets: planned from the public metadata. The bucket was not listed, and "
        "what only the bucket tells (headers, site, missing objects) is not in this plan."
    )
    same_mode(gallery, remote)
    made = make_plan(
        local, remote.gallery(gallery.commit_key), public_target(options.review.public_url), force=options.guards.force
    )
    write_plan(session, made)
    check_guards(made, options.guards.max_delete, allow_empty=options.guards.allow_empty)
    return DRY_RUN_DONE
