"""Proof that the tests of the must-rules can fail: each rule is switched off once, and its test has to notice.

    python -m tests.reliability.mutations [name …]

The project is copied to a temporary folder, one named change is made to the copy (``table.py`` lists them, ``edits.py``
makes them), and the tests that guard the rule run against it.
"""
