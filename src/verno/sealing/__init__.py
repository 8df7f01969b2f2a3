"""Sealed history: committed transfers in a chain of blocks, signed heads that leave the house, proofs of balances."""
