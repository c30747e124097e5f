"""What the product does, a file for each command: each the story of that command from top to bottom.

A use case is handed a ``Context`` and returns what came out; what happens on the way it tells to the context's
listener.
"""
