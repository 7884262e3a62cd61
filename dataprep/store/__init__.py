"""The store: one immutable SQLite file with a digest."""
