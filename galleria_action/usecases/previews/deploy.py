"""``deploy`` with ``preview``: the gallery of the workspace goes online beside the live one, which is only read.

What is told, shown and approved is the plan for the live gallery, what a merge would do. The preview itself is a
gallery of its own: photos that the live gallery has are copied inside the service, the others are sent.
"""

from __future__ import annotations

from functools import partial

from galleria_action.deployment.events import Event, Located, Pictured, Planned, Previewed, Released
from galleria_action.deployment.galleries import KINDS
from galleria_action.deployment.guards import DeleteLimit, check_guards
from galleria_action.deployment.layout import Layout, laid_out, place_of, whole
from galleria_action.deployment.model import PageEdit
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.previews.lending import Lender
from galleria_action.deployment.previews.marks import MARKS, Preview, closing_in
from galleria_action.errors import DeleteGuard, EmptyGallery, PlanChanged
from galleria_action.options.checks import Cors
from galleria_action.options.edge import Probe
from galleria_action.options.guards import Orphans, PlanApproval
from galleria_action.quantities import count, human_size
from galleria_action.storage.interface import RECORD_HEADERS, WriteStore
from galleria_action.storage.wrappers import ReadOnlyStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.applying import announce, nothing_to_do, open_checkpoint, put_online
from galleria_action.usecases.parts.local import LocalSide, check_local
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.parts.unfinished import settled
from galleria_action.usecases.previews.address import address_of_preview
from galleria_action.usecases.previews.holding import in_the_way, keys_below
from galleria_action.usecases.previews.removal import finish_closing, remove
from galleria_action.usecases.results import Deployed, PlanMade, PreviewDeployed
from galleria_action.values import replace


def deploy_preview(context: Context) -> PreviewDeployed | PlanMade:
    """Deploy the workspace as the preview that the context names. Raises whatever ends a deploy, but for the guards of
    the live gallery, whose refusals are told: a preview is there to be looked at."""
    side = check_local(context)
    slots = context.slots()
    live = make_comparison(_unguarded(context), ReadOnlyStore(laid_out(slots.store, slots.live)), side)
    _check_room(context, live, side)
    _tell_refusal(context, live)
    look_for_positions(context, live.plan.uploads)  # what the live gallery shows already is not hidden by a preview
    if context.options.dry_run:
        return PlanMade(live.plan)
    shown = laid_out(slots.store, slots.live)
    root = whole(shown)
    mark = _announce(context, root)
    lender = Lender(live.remote, context.target, partial(place_of, shown))
    done = _deployed(context, root, side, lender)
    if root.head(mark.key) is None:  # a removal went by meanwhile, and what is online now came after it
        context.stop.check()
        root.put(mark.key, mark.to_bytes(), RECORD_HEADERS)
    url = address_of_preview(context.options, context.preview)
    context.tell(Previewed(url))
    finish_closing(context, shown, live.remote.listing)
    context.say(
        f"{count(done.uploaded.files, 'file')} sent ({human_size(done.uploaded.size)}), "
        f"{done.uploaded.skipped:,} copied from the live gallery or there already."
    )
    return PreviewDeployed(context.preview, url, done.verification)


def _check_room(context: Context, live: Comparison, side: LocalSide) -> None:
    """Raise ``ConfigInvalid`` where the gallery has files, or would have with the merge, in its place."""
    layout, remote = Layout.preview(context.preview), live.remote
    own = (key for kind in KINDS for key in side.gallery.keys_of(kind) or ())
    taken = keys_below(layout, {*remote.named_keys(), *remote.manifest.objects, *own})
    if taken and not context.options.previews.preview_bucket:
        raise in_the_way(layout, taken)


def _announce(context: Context, root: WriteStore) -> Preview:
    """Write the mark, before anything of the preview; what is left of one of the same name that was to go, goes."""
    name, place = context.preview, context.preview_target
    if name in closing_in(it.key for it in root.list(f"{MARKS}{name}.")):
        remove(context, root, name)
    context.stop.check()
    number = context.pull_request if name == f"pr-{context.pull_request}" else None
    mark = Preview(name, context.now(), place.bucket, place.prefix, number)
    root.put(mark.key, mark.to_bytes(), RECORD_HEADERS)
    return mark


def _deployed(context: Context, root: WriteStore, side: LocalSide, lender: Lender) -> Deployed:
    layout = Layout.preview(context.preview)
    context.say(f"The preview {context.preview} lies at {context.preview_target} below {layout.folder}")
    quiet = _aside(_unguarded(context))
    side = replace(side, gallery=replace(side.gallery, edit_of_pages=PageEdit()))
    store = laid_out(context.preview_store(root), layout)
    made = settled(quiet, store, side, make_comparison(quiet, store, side))
    checkpoint = open_checkpoint(quiet, store, made)
    if not made.plan.changed:
        return nothing_to_do(quiet, store, made, checkpoint)
    announce(quiet, store, made)
    done = put_online(quiet, store, made, checkpoint, UploadsDone(), lender=lender)
    assert isinstance(done, Deployed), "a preview is not put aside"
    return done


#: what is told of the plan for the live gallery stays true whatever is done for the preview
_OF_THE_LIVE_GALLERY = (Planned, Pictured, Located, Released)


def _unguarded(context: Context) -> Context:
    """The same run where no guard refuses what may be looked at."""
    guards = replace(
        context.options.guards,
        max_delete=DeleteLimit.parse("100%"),
        allow_empty=True,
        allow_older=True,
        approved_plan=None,
        plan_approval=PlanApproval.OFF,
    )
    return replace(context, options=replace(context.options, guards=guards))


def _aside(context: Context) -> Context:
    """The same run for the gallery of the preview alone: nothing else belongs there, and it keeps no releases, because
    the pull request has its commits."""

    def tell(event: Event) -> None:
        if not isinstance(event, _OF_THE_LIVE_GALLERY):
            context.tell(event)

    options = context.options
    guards = replace(options.guards, orphans=Orphans.DELETE)
    releases = replace(options.releases, keep_releases=0, keep_days=None)
    checks = options.checks
    if options.previews.preview_bucket:  # whose rules the gallery's own bucket does not tell
        checks = replace(checks, cors=Cors.SKIP, setup_cors=False)
    edge = options.edge
    if context.hidden and (edge.caches or edge.probe is not Probe.OFF):
        context.say(
            "Previews lie in a bucket of their own, and nobody says where this one is seen (environment-url): it is "
            "not probed, and no cache is purged of it."
        )
        edge = replace(edge, cdn=None, probe=Probe.OFF)
    return replace(
        context, options=replace(options, guards=guards, releases=releases, checks=checks, edge=edge), tell=tell
    )


def _tell_refusal(context: Context, live: Comparison) -> None:
    guards = context.options.guards
    try:
        check_guards(live.plan, guards.max_delete, allow_empty=guards.allow_empty, approved_plan=None)
    except (DeleteGuard, EmptyGallery, PlanChanged) as refusal:
        context.warn(f"The gallery itself would not be deployed like this: {refusal.message} {refusal.hint or ''}")
