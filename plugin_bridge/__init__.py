"""Everything that speaks to a store platform: one folder per platform, `registry.py` lists them, `sandbox/` simulates them."""
