"""Transports: one module for each way out of the house."""
