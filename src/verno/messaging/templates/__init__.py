"""Templates: what a program writes, by channel and language; stored in versions, rendered in a process of their own.

Beside the modules lie the sources of the built-in letters, which ``letters/templating.py`` reads.
"""
