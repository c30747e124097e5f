"""Tasks that are use cases of ours, run as they are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping

from galleria_action.deployment.remote.reading import read_remote
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.options.checks import Cors, Verify
from galleria_action.options.edge import EdgeOptions
from galleria_action.options.environments import EnvironmentOptions
from galleria_action.options.guards import GuardOptions
from galleria_action.options.releases import ReleaseOptions
from galleria_action.options.strategy import StrategyOptions
from galleria_action.options.target import TargetOptions
from galleria_action.pipeline.model import Outcome
from galleria_action.quantities import count, human_size
from galleria_action.usecases.context import Context
from galleria_action.usecases.cors import check_cors
from galleria_action.usecases.deploy import deploy
from galleria_action.usecases.plan import plan
from galleria_action.usecases.releases.rollback import rollback
from galleria_action.usecases.validate import validate
from galleria_action.usecases.verify import verify
from galleria_action.values import replace

_Settings = Mapping[str, str]


def preflight(context: Context, _: _Settings) -> Outcome:
    """Try credentials and permissions read-only; say what is kept there, and whether the CORS rules suffice."""
    remote = read_remote(context.reading_store(), listing=True)
    check_cors(context, may_write=False)
    listing = remote.listing or {}
    kept = sum(it.size for key, it in listing.items() if key.startswith(POOL_FOLDER))
    there = "no gallery yet" if remote.mode is None else f"a gallery of {count(len(listing), 'object')}"
    return Outcome(f"{context.target} can be read: {there}, {human_size(kept)} kept for rollbacks.")


def validated(context: Context, _: _Settings) -> Outcome:
    """``validate``."""
    return Outcome(validate(context).message)


def planned(context: Context, _: _Settings) -> Outcome:
    """``plan``; its plan is the one that reports show."""
    made = plan(context).plan
    if made is None or not made.changed:
        return Outcome("There is nothing to do.")
    return Outcome(f"The plan is {made.plan_id}.")


def deployed(context: Context, _: _Settings) -> Outcome:
    """``deploy``, or the release of another environment with ``from``."""
    return Outcome(deploy(context).message)


def verified(context: Context, _: _Settings) -> Outcome:
    """``verify``."""
    return Outcome(verify(context).message)


def rolled_back(context: Context, _: _Settings) -> Outcome:
    """``rollback``, as the options ``to`` and ``steps`` say."""
    return Outcome(rollback(context).message)


def integrated(context: Context, _: _Settings) -> Outcome:
    """Deploy the gallery to a folder that is thrown away, read every byte of it back, and take it down."""
    folder = tempfile.mkdtemp(prefix="galleria-integration-")
    options = context.options
    try:
        throw_away = replace(
            options,
            target=TargetOptions(bucket=f"file://{folder}/gallery"),
            checks=replace(options.checks, verify=Verify.DEEP, cors=Cors.SKIP, setup_cors=False),
            guards=GuardOptions(unproven=options.guards.unproven),
            releases=ReleaseOptions(keep_releases=0),
            environments=EnvironmentOptions(),
            strategy=StrategyOptions(),  # nothing of it may reach the router of the gallery that visitors see
            edge=EdgeOptions(),
            review=replace(options.review, public_url=None),
        )
        done = deploy(replace(context, options=throw_away, made_by=None))
        return Outcome(f"In a folder that is thrown away: {done.message}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
