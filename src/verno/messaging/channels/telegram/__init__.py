"""Telegram: a bot that writes to those who have started it."""

CODE = "telegram"
