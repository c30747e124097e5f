"""Which of the galleries below a target visitors are sent to."""
