"""Where a run takes place, and how that place is told."""
