"""Caches that hold an earlier gallery: what is stale is owed before a live object is touched, and purged in the end.

Nothing of this is imported, nor anything asked for, by a run without ``cdn``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Owing
from galleria_action.deployment.layout import SLOTS_FOLDER, place_of
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.state.debts import (
    DEBTS_FOLDER,
    LARGEST_DEBT,
    Debt,
    DebtUnreadable,
    debt_keys,
    parse_debt,
)
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.edge.routers.kinds import Ahead
from galleria_action.errors import DeleteFailed, GalleriaError, ProbeFailed, PurgeFailed, VerifyFailed
from galleria_action.options.edge import Purge
from galleria_action.usecases.context import Context
from galleria_action.values import dataclass, replace

if TYPE_CHECKING:
    from galleria_action.deployment.apply.work import Caches
    from galleria_action.deployment.layout import Layout
    from galleria_action.deployment.model import Plan
    from galleria_action.deployment.remote.reading import RemoteState
    from galleria_action.edge.account import Account
    from galleria_action.storage.interface import ObjectInfo, ReadStore, WriteStore


@contextmanager
def purging(
    context: Context, store: WriteStore, remote: RemoteState, plan: Plan | None = None
) -> Iterator[Caches | None]:
    """What is done meanwhile makes stale what ``plan`` changes, and has to say so to the caches that it is handed
    before it touches a live object. In the end they are purged of that, and of what earlier runs owe, also where old
    objects, the verification or the last look are in the way: the new gallery is live.

    Raises ``PurgeFailed`` where that is asked for.
    """
    if not context.options.edge.caches or context.hidden:
        yield None
        return
    account = _account(context, store)
    earlier = _read(context, store, _keys(store, remote.listing))
    changing = plan if plan and plan.changed else None
    own = account.debt_of(changing) if changing else None
    caches = _Caches(context, account, earlier, own, changing, place_of(store, ""))
    caches.tell()
    try:
        yield caches
    except (DeleteFailed, VerifyFailed, ProbeFailed):
        try:
            caches.pay()
        except PurgeFailed as refused:  # what ended the run says more, and may know that the gallery is not live
            context.warn(refused.message)
        raise
    if own is None and earlier and store.head(PUBLICATION_KEY):
        context.say("Another deploy is publishing; what the caches are owed is left to it.")
        return
    caches.pay()


@contextmanager
def purging_of(context: Context, root: WriteStore, gone: Iterable[Gone]) -> Iterator[None]:
    """What is done meanwhile removes what is ``gone`` from galleries beside the live one; ``root`` is the store of the
    whole target. The caches that are named forget it then, or it is owed. Raises the storage's errors, and
    ``PurgeFailed`` where that is asked for."""
    gone = list(gone)
    earlier = [debt for it in gone for debt in it.owed]
    if not (context.options.edge.caches or earlier):
        yield
        return
    from galleria_action.edge.addresses import Dirty, Site

    account = _account(context, root)
    debts = [account.debt_at(Site.of(it.seen_at, it.prefix), Dirty(tuple(it.keys))) for it in gone if it.keys]
    caches = _Caches(context, account, [*debts, *earlier])
    for debt in caches.debts:
        account.write(debt)
    caches.tell()
    yield
    caches.pay("What was removed may be served by a cache still")


@dataclass(frozen=True, slots=True)
class Gone:
    """``keys`` of a gallery that is seen at the address ``seen_at``, or where nobody says lies below ``prefix`` in its
    bucket; and what was ``owed`` for it before."""

    seen_at: str | None
    prefix: str
    keys: tuple[str, ...]
    owed: tuple[Debt, ...] = ()


@dataclass
class _Caches:
    """The debts of one run: those that ``earlier`` ones have left, its ``own`` for the ``plan``, and that ``of_slot``.
    ``folder`` is where the gallery lies that visitors get."""

    context: Context
    account: Account
    earlier: list[Debt]
    own: Debt | None = None
    plan: Plan | None = None
    folder: str = ""
    of_slot: Debt | None = None
    written: bool = False

    @property
    def debts(self) -> list[Debt]:
        """All that are to be paid."""
        found = [*self.earlier, self.of_slot, self.own if self.written else None]
        return [debt for debt in found if debt and debt.owed]

    def tell(self) -> None:
        """How much is owed, where anything is."""
        if self.debts:
            self.context.tell(Owing(sum(debt.size for debt in self.debts)))

    def owe(self, *, in_place: bool) -> None:
        """See ``Caches``. Some know the objects of a slot by where they lie."""
        if self.own and self.plan and in_place and self.folder.startswith(SLOTS_FOLDER):
            from galleria_action.edge.addresses import dirty_keys

            of_live = self.account.debt_at(self.account.site.below(self.folder), dirty_keys(self.plan))
            self.own = replace(self.own, owed=(*self.own.owed, *of_live.owed))
        if self.own and self.own.owed and not self.written:
            self.account.write(self.own)
            self.written = True
            self.tell()

    def owe_slot(self, layout: Layout, stale: Iterable[str], new: Iterable[str]) -> None:
        """See ``Caches``. Where nobody can ask for a slot, no cache has anything of it."""
        from galleria_action.edge.addresses import Dirty

        if self.context.options.strategy.router.can.ahead is Ahead.NOWHERE:
            return
        site = self.account.site.below(layout.folder)
        self.of_slot = self.account.debt_at(site, Dirty(tuple(stale), tuple(new)))
        if self.of_slot.owed:
            self.account.write(self.of_slot)
            self.tell()

    def purge_slot(self) -> None:
        """See ``Caches``: also of what an earlier run owes that died over this slot."""
        self._pay([debt for debt in self.debts if debt is not self.own and _is_of_slots(debt)])

    def pay(self, otherwise: str = "The gallery is live, but a cache may still hold the old one") -> None:
        """Purge everything that is owed. Raises ``PurgeFailed`` where that is asked for: what is ``otherwise`` so."""
        if trouble := self._pay(self.debts):
            raise PurgeFailed(
                f"{otherwise}: {trouble.message}",
                hint=f"{trouble.hint or ''} Any later run with the same cdn purges what is owed.".strip(),
            )

    def _pay(self, debts: list[Debt]) -> GalleriaError | None:
        """What refused it, where that is asked for."""
        context, edge = self.context, self.context.options.edge
        if not debts:
            return None
        if not edge.invalidate_cdn:
            context.say("invalidate-cdn: false, so the caches are purged by a later run.")
            return None
        with context.phase("Purge"):
            payment = self.account.pay(debts, wait=edge.purge_wait)
            left = self.account.write_off(debts, payment)
        self.earlier = [*(debt for debt in self.earlier if debt not in debts), *([left] if left else [])]
        self.of_slot = None
        if self.own in debts:
            self.own = None
        context.tell(Owing(sum(debt.size for debt in self.debts)))
        return payment.trouble if edge.purge is Purge.FAIL else None


def _is_of_slots(debt: Debt) -> bool:
    """Whether ``debt`` is, perhaps among others, for what lies in slots: a ``*`` may stand for that, too."""
    paths = (path for it in debt.owed for path in it.paths)
    return any(path.endswith("*") or f"/{SLOTS_FOLDER}" in path for path in paths)


def tell_debts(context: Context, store: ReadStore, listing: Mapping[str, ObjectInfo]) -> None:
    """Warn of what caches may still hold, where a listing shows that anything is owed."""
    debts = _read(context, store, debt_keys(listing))
    if not debts:
        return
    context.tell(Owing(sum(debt.size for debt in debts)))
    for debt in debts:
        caches = ", ".join(sorted({it.cache for it in debt.owed}))
        context.warn(
            f"{debt.size:,} addresses may be stale since {debt.at:%Y-%m-%d %H:%M} UTC, because {caches} was not purged "
            "of them. The next deploy with the same cdn does it."
        )


def _account(context: Context, store: WriteStore) -> Account:
    from galleria_action.edge.account import Account
    from galleria_action.edge.addresses import Site
    from galleria_action.edge.purger import Means
    from galleria_action.edge.signing import keys_of, signer
    from galleria_action.net.network import Network

    options, environ = context.options, context.environ
    site = Site.of(context.visited_at, context.target.prefix + context.folder)
    sign = signer(keys_of(environ, context.settings))
    means = Means(environ, Network.of(environ), context.stop.pause, sign)
    return Account(
        store, options.edge.caches, site, means, options.edge.purge_max, context.tell, context.now, context.stop.check
    )


def owed_in(context: Context, store: ReadStore, keys: Iterable[str]) -> tuple[Debt, ...]:
    """The debts among ``keys``, which lie in ``store``."""
    return tuple(_read(context, store, debt_keys(keys)))


def _keys(store: ReadStore, listing: Mapping[str, ObjectInfo] | None) -> list[str]:
    return debt_keys(records_in(listing) if listing is not None else (it.key for it in store.list(DEBTS_FOLDER)))


def _read(context: Context, store: ReadStore, keys: Iterable[str]) -> list[Debt]:
    debts: list[Debt] = []
    for key in keys:
        found = store.get(key, LARGEST_DEBT)
        try:
            debts += [parse_debt(key, found.body)] if found else []
        except DebtUnreadable as error:
            context.warn(f"{key} says what a cache is owed, and cannot be understood: {error}. It is left alone.")
    return debts
