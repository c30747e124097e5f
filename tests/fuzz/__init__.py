"""Foreign bytes for every parser: `python -m tests.fuzz --minutes 10` by hand, a short, repeatable part by default."""
