"""Alembic migrations: one file per change, each with a way back and a note on the locks it takes."""
