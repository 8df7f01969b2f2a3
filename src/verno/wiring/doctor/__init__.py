"""The doctor: looks at one thing after another, and says what is unsafe and what to do about it."""
