"""Caches that hold an earlier gallery: what is stale is owed before a live object is touched, and purged in the end.

Nothing of this is imported, nor anything asked for, by a run without ``cdn``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Owing
from galleria_action.deployment.state.debts import (
    DEBTS_FOLDER,
    LARGEST_DEBT,
    Debt,
    DebtUnreadable,
    debt_keys,
    parse_debt,
)
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.errors import DeleteFailed, PurgeFailed, VerifyFailed
from galleria_action.options.edge import Purge
from galleria_action.usecases.context import Context

if TYPE_CHECKING:
    from galleria_action.deployment.model import Plan
    from galleria_action.deployment.remote.reading import RemoteState
    from galleria_action.edge.account import Account
    from galleria_action.storage.interface import ObjectInfo, ReadStore, WriteStore

#: writes down what is about to become stale
Owe = Callable[[], None]


@contextmanager
def purging(context: Context, store: WriteStore, remote: RemoteState, plan: Plan | None = None) -> Iterator[Owe | None]:
    """What is done meanwhile makes stale what ``plan`` changes, and has to call what it is handed before it touches a
    live object. In the end that is purged, with what earlier runs owe, also where old objects or the verification are
    in the way: the new gallery is live.

    Raises ``PurgeFailed`` where that is asked for.
    """
    elsewhere = context.preview and context.options.previews.preview_bucket
    if not context.options.edge.caches or elsewhere:
        yield None
        return
    account = _account(context, store)
    earlier = _read(context, store, _keys(store, remote.listing))
    own = account.debt_of(plan) if plan and plan.changed else None
    owed = sum(debt.size for debt in earlier)
    if owed:
        context.tell(Owing(owed))

    def owe() -> None:
        if own and own.owed:
            account.write(own)
            context.tell(Owing(owed + own.size))

    try:
        yield owe
    except (DeleteFailed, VerifyFailed):
        _pay(context, account, [*earlier, *([own] if own else [])])
        raise
    if own is None and earlier and store.head(PUBLICATION_KEY):
        context.say("Another deploy is publishing; what the caches are owed is left to it.")
        return
    _pay(context, account, [*earlier, *([own] if own else [])])


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


def _pay(context: Context, account: Account, debts: list[Debt]) -> None:
    debts = [debt for debt in debts if debt.owed]
    if not debts:
        return
    edge = context.options.edge
    if not edge.invalidate_cdn:
        context.say("invalidate-cdn: false, so the caches are purged by a later run.")
        return
    with context.phase("Purge"):
        payment = account.pay(debts, wait=edge.purge_wait)
        account.write_off(debts, payment)
    context.tell(Owing(payment.size))
    if payment.trouble and edge.purge is Purge.FAIL:
        raise PurgeFailed(
            f"The gallery is live, but a cache may still hold the old one: {payment.trouble.message}",
            hint=f"{payment.trouble.hint or ''} Any later run with the same cdn purges what is owed.".strip(),
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


def _keys(store: ReadStore, listing: Mapping[str, ObjectInfo] | None) -> list[str]:
    return debt_keys(listing if listing is not None else (it.key for it in store.list(DEBTS_FOLDER)))


def _read(context: Context, store: ReadStore, keys: Iterable[str]) -> list[Debt]:
    debts: list[Debt] = []
    for key in keys:
        found = store.get(key, LARGEST_DEBT)
        try:
            debts += [parse_debt(key, found.body)] if found else []
        except DebtUnreadable as error:
            context.warn(f"{key} says what a cache is owed, and cannot be understood: {error}. It is left alone.")
    return debts
