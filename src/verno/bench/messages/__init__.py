"""The messages' bench: letters and texts to sinks on this machine, beside the bare clients that carry them."""
