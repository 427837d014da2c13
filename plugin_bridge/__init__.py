"""Everything that speaks to a store platform: a folder per platform, listed in `registry.py`; `sandbox/` simulates them."""
