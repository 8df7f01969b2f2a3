"""Web push: notices to browsers that were asked and said yes."""

CODE = "webpush"
