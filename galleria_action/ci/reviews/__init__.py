"""What reviewers see, whichever server shows it: the sticky comment, the marker in it, the pictures."""
