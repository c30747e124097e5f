"""The mutations: which rule each switches off, how, and which tests have to notice."""

from __future__ import annotations

from tests.reliability.mutations.hostile import HOSTILE
from tests.reliability.mutations.keeping import KEEPING
from tests.reliability.mutations.mutation import Mutation
from tests.reliability.mutations.writes import WRITES

MUTATIONS: dict[str, Mutation] = {**WRITES, **KEEPING, **HOSTILE}
