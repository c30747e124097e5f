from galleria_action.deployment.plan import Plan
from galleria_action.report.result import Result


def render_summary(result: Result, budget: int) -> str:
    """The job summary of a run in at most ``budget`` bytes of UTF-8."""
    raise NotImplementedError


def render_plan(plan: Plan, budget: int) -> str:
    """The plan alone, in at most ``budget`` bytes of UTF-8."""
    raise NotImplementedError
