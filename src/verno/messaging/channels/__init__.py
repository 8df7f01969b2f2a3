"""What carries messages: a folder for each channel, one port for all (``port``)."""
