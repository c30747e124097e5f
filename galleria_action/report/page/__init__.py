"""The report to look at."""
