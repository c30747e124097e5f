"""How photos are built: the readers of the formats that both the time and the position of a photo stand in."""
