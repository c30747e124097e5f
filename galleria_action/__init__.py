"""Publish a photo gallery to S3-compatible storage: planned, verified, metadata last."""

__version__ = "1.0.0"
