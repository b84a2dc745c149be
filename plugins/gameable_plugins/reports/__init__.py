"""One file a plugin: bundled reports."""
