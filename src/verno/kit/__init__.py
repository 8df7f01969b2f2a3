"""The foundation: ids, clock, money, batches, SQL loader, outbox, errors. Knows nothing of loyalty."""
