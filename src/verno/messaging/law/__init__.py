"""What countries ask of messages, as data with dates; quiet hours and how often somebody may be written to."""
