"""Budgets of rules: counted under locks, reserved by holds, handed back by returns."""
