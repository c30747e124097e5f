"""Tests of the room ``gallery/position``."""
