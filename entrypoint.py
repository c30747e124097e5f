#!/usr/bin/env python3
"""The container's door: the same as the console script ``galleria-action``."""

from galleria_action.__main__ import main

if __name__ == "__main__":
    main()
