"""The command line: commands and options, and where their values come from."""
