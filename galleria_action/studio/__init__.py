"""From a folder of originals to a gallery worth showing. Needs the extra: ``pip install galleria-action[studio]``.

Nothing else imports this room: a deploy needs no picture library.
"""
