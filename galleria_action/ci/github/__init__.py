"""GitHub Actions: the runner, its files, the API."""
