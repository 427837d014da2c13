"""Everything that speaks to a store platform: one folder each, listed in `registry.py`; `sandbox/` simulates them."""
