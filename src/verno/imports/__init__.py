"""Files in: CSV and Parquet of receipts, members and goods, streamed, resumable, each wrong row named."""
