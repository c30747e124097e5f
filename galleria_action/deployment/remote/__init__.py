"""What the target holds: read, read back, verified."""
