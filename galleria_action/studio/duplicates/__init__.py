"""Near-duplicates: photos that show the same, whatever their bytes, sizes or turns. Nothing is ever deleted here."""
