"""One file a plugin: bundled rewards."""
