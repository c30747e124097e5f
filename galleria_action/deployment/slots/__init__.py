"""Slots: whole galleries beside the live one, filled and proved before a router sends visitors there."""
