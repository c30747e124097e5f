"""A look from outside: do visitors get what was deployed?"""
