"""Process 1 of a sandbox container: runs commands as the agent, reads files back, wipes everything.

It alone is root, with no more than the right to change its user and to kill. The controlling process talks to it over
standard input and output; when that end closes, it exits, and the container with it. It needs nothing but Python.
"""
