"""The ledger: accounts, transfers, lots. Points are money; the ledger knows holders, not members."""
