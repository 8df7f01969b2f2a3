"""What a sale uses up besides points, and gives back when it is cancelled or returned: limits, and whatever joins."""
