"""Galleries beside the live one, for those who look at a change before it is merged."""
