"""What sends visitors to one of the galleries below a target."""
