"""A first manifest: what format a folder is in, why, and what can't be told from its files."""
