"""Corrections: points given and taken by people, with reasons, a second pair of eyes, and a way back."""
