"""Rooms of consents: what the program writes about, what members are shown, a member's own history."""
