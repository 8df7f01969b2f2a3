"""What readers do with a letter: which links they follow, and, unreliably, whether it was opened."""
