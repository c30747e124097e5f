"""What the target holds: read and verified."""
