"""Runs that bring a store's catalog in: page-sized steps that can be interrupted anywhere and go on behind it.

Owns tables `sync_runs sync_issues sync_seen`; emits `sync.started`, `sync.completed`, `sync.failed`.
`start` asks for a run, `pull` works it off, `guards` decides what a walk may delete (pure), `status` tells.
"""
