"""Files on disk: found, fenced in, told apart by kind."""
