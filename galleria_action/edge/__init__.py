"""What lies between a bucket and the visitors of its gallery."""
