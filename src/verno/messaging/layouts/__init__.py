"""Layouts: MJML compiled to letters, the look of a program, and letters that are ready to be changed."""
