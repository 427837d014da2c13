"""Storeloom's backend: how it is entered, what it does, what it needs.

- `api/`      HTTP surfaces, one folder per contract       - `jobs/`     background entrances, one function per job
- `domain/`   the business, free of HTTP and of the queue  - `ports/`    what the business needs from outside
- `gateways/` implementations of the non-store ports       - `models/`   the tables
- `kit/`      mechanism without business words             - `embedded/` PostgreSQL and Valkey from wheels
- `wiring.py` the only file that knows adapters            - `app.py`, `worker.py`, `cli.py` the three ways in

Stores themselves live beside this package in `plugin_bridge/`, pages for people in `embedded_ui/`.
"""
