"""``python -m verno``: the command line without its script, as the supervisor calls its parts."""

from verno.cli import main

main()
