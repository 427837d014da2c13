"""Orders that stores report: what they take from stock."""
