"""Backups that restore, quietly: taken while everything runs, checked before anything is touched, silent after."""
