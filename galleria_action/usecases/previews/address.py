"""Which preview a run is pointed at, and where that is seen."""

from __future__ import annotations

from urllib.parse import quote

from galleria_action.ci.occasion import Cause, Occasion
from galleria_action.deployment.layout import Layout
from galleria_action.errors import ConfigInvalid
from galleria_action.options import Options
from galleria_action.options.previews import AUTO, OFF

#: what certainly is not a pull request: there ``auto`` means that the gallery itself is deployed
_THE_GALLERY_ITSELF = (Cause.PUSH, Cause.TAG, Cause.RELEASE, Cause.SCHEDULE, Cause.DISPATCH)


def preview_of(options: Options, occasion: Occasion) -> str:
    """The name of the preview that ``options`` point at on this ``occasion``; empty for the gallery itself.

    Raises ``ConfigInvalid`` where ``auto`` can mean nothing: it must not come to mean the live gallery.
    """
    wanted = options.previews.preview
    if wanted == OFF and options.command == "cleanup" and occasion.cause is Cause.PULL_REQUEST:
        wanted = AUTO
    if wanted == OFF:
        return ""
    if wanted != AUTO:
        return wanted
    if occasion.cause is Cause.PULL_REQUEST:
        if occasion.pull_request is None:
            raise ConfigInvalid(
                "preview: auto wants the number of the pull request, which this CI does not tell.",
                hint="Give the preview a name instead, such as --preview my-change.",
            )
        return f"pr-{occasion.pull_request}"
    if occasion.cause not in _THE_GALLERY_ITSELF and options.command == "deploy":
        raise ConfigInvalid(
            "preview: auto is the preview of a pull request, and nothing says that this is one. Nothing was written.",
            hint="Give the preview a name (--preview my-change), or deploy the gallery itself with --preview off.",
        )
    return ""


def address_of_preview(options: Options, name: str) -> str:
    """Where the preview ``name`` is seen: at ``environment-url`` where the workflow gives one, else beside the live
    gallery at ``public-url``; empty where nobody says. The page is named: few servers look for one in a folder."""
    if not name:
        return ""
    if options.review.environment_url:
        return options.review.environment_url
    public = options.review.public_url
    if not public or options.previews.preview_bucket:
        return ""
    page = "index.html" if options.gallery.site and not options.gallery.photos_only else ""
    return f"{public.rstrip('/')}/{quote(Layout.preview(name).folder)}{page}"
