"""The viewer: runs and their episodes as plain pages, served on loopback by `gameable view`."""
