"""What happened: `record(event)` writes a row in the caller's transaction. Owns table `events`; emits all of them."""
