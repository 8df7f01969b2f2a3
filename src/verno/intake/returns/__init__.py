"""Returns: what comes back of a sale, in any number of parts, also before the sale itself has come."""
