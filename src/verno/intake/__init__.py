"""The pipeline: receipts in, verdicts out, through group commit."""
