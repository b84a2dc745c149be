"""Past one machine: episodes are played by actors of a Ray cluster, and the stage loop stays where it is."""
