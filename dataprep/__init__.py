"""Prepare image datasets with their labels, exactly, and keep them in one SQLite store."""

__version__ = "0.1.0"
