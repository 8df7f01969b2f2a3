"""What companies are told: their turnover, the discount it gives, and how far the next one is."""
