"""Services that speak S3."""
