"""Our own records: are they where they are to lie, and can anybody read them?"""

from __future__ import annotations

from galleria_action.deployment.layout import whole
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.errors import GalleriaError
from galleria_action.quantities import count
from galleria_action.storage.interface import RECORDS, WriteStore
from galleria_action.storage.opening import address_of
from galleria_action.storage.providers import PrivateBy, Provider, provider_of
from galleria_action.storage.settings import FOLDER
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.local import LocalSide
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.values import dataclass

#: one request, which must not hold a deploy up
_SECONDS = 10.0
#: what our records are, and no page that answers in the place of what is missing
_OURS = ("application/json", "application/gzip", "application/octet-stream", "binary/octet-stream")

_REMEDIES = {
    PrivateBy.POLICY: f"Have the bucket's policy let everybody read all but {RECORDS}* (NotResource)",
    PrivateBy.EDGE: f"Block addresses that begin with /{RECORDS} by a rule of the domain, and switch a public address "
    "of the bucket itself off",
    PrivateBy.ELSEWHERE: "The service has no policy that keeps a part of a public bucket private",
    PrivateBy.SERVER: f"Have the web server refuse addresses that begin with /{RECORDS}",
}


def in_place(context: Context, store: WriteStore, side: LocalSide, made: Comparison) -> Comparison:
    """``made``, or a comparison made anew after our records were taken along to where ``state`` wants them.

    Nobody may be publishing. A publish that this run goes on with is finished where its record lies; the next run takes
    the records along. Raises the storage's errors where the state cannot be written: nothing is deployed then.
    """
    target = whole(store)
    if not isinstance(target, StateElsewhere) or made.hold:
        return made
    context.stop.check()
    done = target.take_up()
    if done.left:
        context.warn(
            f"{count(len(done.left), 'record')} of this gallery {'is' if len(done.left) == 1 else 'are'} left below "
            f"{RECORDS} at {context.target}, though they lie in {target.place} now. Either they may not be deleted "
            "there, or another workflow deploys without the option state: give it the same one."
        )
    if done.removed:
        context.say(f"{count(done.removed, 'old record')} removed from {RECORDS} at {context.target}.")
    if not done.taken:
        return made
    context.say(f"{count(done.taken, 'record')} taken along from {RECORDS} at {context.target} to {target.place}.")
    return make_comparison(context, store, side)


def warn_of_readers(context: Context) -> None:
    """Look once whether anybody can read the record of the gallery, and warn. Asked where ``public-url`` says that the
    gallery is public at all; that nobody answers means nothing."""
    record = _record_for_anybody(context)
    if record is None or not record.is_read():
        return
    context.warn(
        f"Anybody can read {record.address}: the records of this gallery name every key, pages that nothing links to "
        f"as well, and hashes of the originals. {_REMEDIES[record.private_by]}; or keep the records in a private "
        "bucket (option state). See docs/security.md."
    )


@dataclass(frozen=True, slots=True)
class _Record:
    """Where a visitor would find the record: ``key`` at ``url``."""

    url: str
    key: str
    private_by: PrivateBy

    @property
    def address(self) -> str:
        return f"{self.url}/{self.key}"

    def is_read(self) -> bool:
        from galleria_action.storage.public_store import PublicStore

        try:
            found = PublicStore(self.url, _SECONDS).head(self.key)
        except GalleriaError:
            return False
        return found is not None and (found.headers.content_type if found.headers else "").split(";")[0] in _OURS


def _record_for_anybody(context: Context) -> _Record | None:
    url, settings = context.options.review.public_url, context.settings
    if not url:
        return None
    of_state = settings.of_state
    if of_state is None:
        return _Record(url, MANIFEST_KEY, _private_by(_provider(context)))
    if of_state.target.endpoint == FOLDER:
        return None
    return _Record(address_of(of_state), MANIFEST_KEY.removeprefix(RECORDS), PrivateBy.ELSEWHERE)


def _provider(context: Context) -> Provider | None:
    target = context.target
    return None if target.endpoint == FOLDER else provider_of(target.endpoint, context.settings.provider)


def _private_by(provider: Provider | None) -> PrivateBy:
    return provider.private_by if provider else PrivateBy.SERVER
