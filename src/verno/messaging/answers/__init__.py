"""What comes back: receipts of providers, and what readers answer."""
