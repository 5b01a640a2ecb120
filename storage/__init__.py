"""Rows: SQLite and PostgreSQL behind the ports of `routing`, files and spools on disk."""
