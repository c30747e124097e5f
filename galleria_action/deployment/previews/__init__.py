"""Galleries beside the live one: which there are, and what the live one lends them."""
