"""The parts of the engine: what is taken off, what is given, which rules act together, and why others do not."""
