"""The pipeline of an environment that says nothing of its own, by its preset."""

from __future__ import annotations

from galleria_action.pipeline.model import OnFailure, Pipeline, Stage, Task

_ASK = Task("preflight", uses="preflight", description="the bucket can be read; what is kept there; CORS")
_VERIFY = Task("verify", uses="verify", description="the bucket holds what its metadata says")
_CHECKS = (
    Task("validate", uses="validate", description="metadata, photos and site are as they should be"),
    Task("links", uses="links", needs=("validate",), description="no page links to a picture that will not exist"),
    Task(
        "privacy",
        uses="privacy",
        needs=("validate",),
        continue_on_error=True,  # what it finds may be there on purpose; nobody but the photographer knows
        description="what metadata and photos tell of people and places",
    ),
)
_BUDGETS = Task("budgets", uses="budgets", needs=("validate",), description="how heavy files and pages are")
_INTEGRATION = Task(
    "integration", uses="integration", needs=("validate",), description="a deploy to a folder that is thrown away"
)
_BUILD = Stage("build", (Task("plan", uses="plan", description="what the deploy would do"),))
_TESTS = {
    "development": _CHECKS[:1],
    "testing": (*_CHECKS, _INTEGRATION),
    "staging": (*_CHECKS, _BUDGETS, _INTEGRATION),
    "production": (*_CHECKS, _BUDGETS),
}


def default_pipeline(preset: str, *, onward: bool = False) -> Pipeline:
    """Preparation, testing, build, deployment, verification. ``onward``: a release is taken over from another
    environment, so there is nothing on disk to be tested. Where visitors may see it, what fails is taken back."""
    back = OnFailure.ROLLBACK if preset in ("staging", "production") else OnFailure.STOP
    tests = () if onward else (Stage("testing", _TESTS.get(preset, _CHECKS), fail_fast=False),)
    return Pipeline(
        (
            Stage("preparation", (_ASK,)),
            *tests,
            _BUILD,
            Stage("deployment", (Task("deploy", uses="deploy"),), on_failure=back),
            Stage("verification", (_VERIFY,), on_failure=back),
        )
    )
