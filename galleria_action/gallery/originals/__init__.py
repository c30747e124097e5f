"""Photos as a camera leaves them: found, named, read."""
