"""Our own records in the target: the manifest and the checkpoint."""
