"""Orders of steps by which a gallery goes online."""
