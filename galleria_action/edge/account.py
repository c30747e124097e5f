"""What is owed to the caches of a gallery: worked out, written down, paid, written off.

It is written down before a live object is touched, and written off when every cache has said that it forgets. Whoever
pays removes only documents that it has read, so what another run owes meanwhile stays owed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_hex

from galleria_action.deployment.caches import Cache
from galleria_action.deployment.events import Listener, Said, Warned
from galleria_action.deployment.model import Plan
from galleria_action.deployment.state.debts import Debt, Owed, merged
from galleria_action.edge.addresses import Dirty, Site, dirty_keys
from galleria_action.edge.collapse import EVERYTHING, Allowance, few
from galleria_action.edge.opening import open_purger
from galleria_action.edge.purger import Means, Purger
from galleria_action.errors import Cancelled, GalleriaError
from galleria_action.storage.interface import RECORD_HEADERS, WriteStore
from galleria_action.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Payment:
    """What is ``left`` after a payment, and the first ``trouble`` with a cache."""

    left: tuple[Owed, ...] = ()
    trouble: GalleriaError | None = None

    @property
    def size(self) -> int:
        """How many addresses are left."""
        return sum(len(it.paths) for it in self.left)


@dataclass
class Account:
    """The ``caches`` between ``site`` and its visitors. At most ``most`` addresses are purged one by one; ``check``
    raises when the run was asked to stop."""

    store: WriteStore
    caches: Sequence[Cache]
    site: Site
    means: Means
    most: int
    tell: Listener
    now: Callable[[], datetime]
    check: Callable[[], None]
    _open: dict[str, Purger] = field(default_factory=dict)

    def debt_of(self, plan: Plan) -> Debt:
        """What ``plan`` will make stale in each cache."""
        return self.debt_at(self.site, dirty_keys(plan))

    def debt_at(self, site: Site, dirty: Dirty) -> Debt:
        """The same for the ``dirty`` keys of a gallery at ``site``."""
        certain, perhaps = site.paths(dirty.certain), site.paths(dirty.perhaps)
        owed = (
            Owed(cache.name, site.origin, few(certain, perhaps, site.path, self._allowed(cache)))
            for cache in self.caches
        )
        return self._debt(self.now(), (it for it in owed if it.paths))

    def write(self, debt: Debt) -> None:
        """Write ``debt`` down. Raises the storage's errors."""
        self.check()
        self.store.put(debt.key, debt.to_bytes(), RECORD_HEADERS)

    def pay(self, debts: Sequence[Debt], *, wait: bool) -> Payment:
        """Purge everything that ``debts`` name, and with ``wait`` stay until that is in force. Never raises but for a
        wish to stop: what a cache refused is left."""
        reference = sha256(" ".join(sorted(debt.id for debt in debts)).encode()).hexdigest()
        known = {cache.name: cache for cache in self.caches}
        left: list[Owed] = []
        trouble: GalleriaError | None = None
        for (name, origin), paths in merged(debts).items():
            self.check()
            if (cache := known.get(name)) is None:
                self.tell(Warned(f"{_addresses(len(paths))} owed to {name}, which cdn does not name any more."))
                left.append(Owed(name, origin, tuple(paths)))
                continue
            wanted = (
                few(paths, (), self.site.path, self._allowed(cache)) if origin == self.site.origin else tuple(paths)
            )
            try:
                self._purge(cache, origin, wanted, reference, wait=wait)
            except Cancelled:
                raise
            except GalleriaError as error:
                self.check()
                trouble = trouble or error
                self.tell(Warned(f"{_addresses(len(wanted))} still owed to {name}. {error.message} {error.hint or ''}"))
                left.append(Owed(name, origin, wanted))
        return Payment(tuple(left), trouble)

    def write_off(self, debts: Sequence[Debt], payment: Payment) -> Debt | None:
        """Have the state say what is left of ``debts``, and return that. That this fails costs a purge more, and is
        told."""
        kept: frozenset[str] = frozenset()
        rest: Debt | None = None
        try:
            self.check()
            if payment.left:
                rest = debts[0]
                if len(debts) > 1 or rest.owed != payment.left:
                    rest = self._debt(min(debt.at for debt in debts), payment.left)
                    self.write(rest)
                kept = frozenset({rest.key})
            gone = [debt.key for debt in debts if debt.key not in kept]
            refused = self.store.delete(gone) if gone else {}
            problem = next(iter(refused.values()), "")
        except Cancelled:
            raise
        except GalleriaError as error:
            self.check()
            problem = error.message
        if problem:
            self.tell(Warned(f"What was purged could not be written off, so that it will be purged again: {problem}"))
        return rest

    def _purge(self, cache: Cache, origin: str, paths: Sequence[str], reference: str, *, wait: bool) -> None:
        purger = self._purger(cache)
        purger.purge(origin, paths, reference)
        what = "everything" if EVERYTHING in paths else _counted(paths)
        self.tell(Said(f"{cache.name}: {what} purged"))
        if wait and not purger.settle():
            self.tell(Warned(f"{cache.name} has taken the purge on, which is not in force everywhere yet."))

    def _allowed(self, cache: Cache) -> Allowance:
        service = self._purger(cache).allowed
        return Allowance(min(self.most, service.most), service.wildcards, service.most)

    def _purger(self, cache: Cache) -> Purger:
        if cache.name not in self._open:
            self._open[cache.name] = open_purger(cache, self.means)
        return self._open[cache.name]

    def _debt(self, at: datetime, owed: Iterable[Owed]) -> Debt:
        return Debt(f"{self.now():%Y%m%dT%H%M%SZ}-{token_hex(4)}", at, tuple(owed))


def _counted(paths: Sequence[str]) -> str:
    folders = sum(path.endswith("*") for path in paths)
    parts = [(len(paths) - folders, "address", "addresses"), (folders, "folder", "folders")]
    return " and ".join(f"{number:,} {one if number == 1 else many}" for number, one, many in parts if number)


def _addresses(number: int) -> str:
    return "1 address is" if number == 1 else f"{number:,} addresses are"
