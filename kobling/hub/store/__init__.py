"""Hot tables: plain SQL in batches, the same on SQLite and PostgreSQL, all of it in this folder."""
