"""Disputes: "this was not me", from the link of a notice to the answer that the member gets."""
