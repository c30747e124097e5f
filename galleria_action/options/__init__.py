"""What a run can be asked for: every option declared once, in typed groups with their defaults.

Knows nothing of the places that options come from; the command line and the Python API both build these values.
"""

from galleria_action.options.model import BY_NAME, GROUPS, OPTIONS, SECRETS, Options
from galleria_action.options.resolve import resolve, usage_problem

__all__ = ["BY_NAME", "GROUPS", "OPTIONS", "SECRETS", "Options", "resolve", "usage_problem"]
