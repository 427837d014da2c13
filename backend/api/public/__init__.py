"""Public feeds: files for crawlers, without credentials, limited per address (contract rows S2S-17 to S2S-21)."""
