"""Our own records of the target: their shape, and how they are read."""
