"""A local file on its way: opened, checked, corrected in memory; and what is told when that failed."""
