"""What can be done with the releases that there are."""
