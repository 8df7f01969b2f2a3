"""A receipt's way through the street: admitted, looked up, spending worked out, judged, posted, written."""
