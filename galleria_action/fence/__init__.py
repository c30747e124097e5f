"""Which paths may be read and written: the workspace's fence, and nothing passes beside it."""
