"""One document in a store: read whole and bounded, written on a condition, and seen to be kept as it was sent."""
