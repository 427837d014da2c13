"""Benchmarks: each measures ours and a floor in one run and prints their ratio. `python -m bench [name ...]`."""
