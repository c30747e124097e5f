"""What a pipeline's tasks can use, by name."""
