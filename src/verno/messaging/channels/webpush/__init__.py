"""Web push: notices to browsers that were asked and said yes."""

CODE = "push"
"""As country packs call it: what holds for pushes holds for those of browsers."""
