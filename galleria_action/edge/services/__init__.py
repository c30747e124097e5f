"""The services whose caches can be purged, a file each."""
