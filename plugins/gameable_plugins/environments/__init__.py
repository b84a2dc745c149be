"""One file a plugin: bundled environments."""
