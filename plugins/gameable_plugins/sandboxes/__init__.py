"""One file a plugin: bundled sandboxes."""
