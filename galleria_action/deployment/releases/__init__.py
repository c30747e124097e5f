"""What a release is, what is kept so that it can come back, and how it does."""
