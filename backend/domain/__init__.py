"""The business, one folder per area; imports point down the list in `pyproject.toml`."""
