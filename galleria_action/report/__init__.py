"""What people and programs read of a run: text, Markdown, JSON, a page."""
