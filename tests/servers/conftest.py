"""The jobs of the doors' tests, against real servers."""

from tests.doors.conftest import make_job

__all__ = ("make_job",)
