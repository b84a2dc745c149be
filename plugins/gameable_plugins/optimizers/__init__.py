"""One file a plugin: bundled optimizers."""
