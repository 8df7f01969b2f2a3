"""Where members live, work and are often: districts that the program draws, and locations that are sealed."""
