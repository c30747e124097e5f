"""A static site for a gallery: pages that work without a script, and a lightbox for those who have one."""
