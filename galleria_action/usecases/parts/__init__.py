"""What several use cases have in common: the gallery on disk, the plan, the half that writes, the verification."""
