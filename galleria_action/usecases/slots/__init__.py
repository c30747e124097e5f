"""Commands and parts of commands that deal with galleries in slots."""
