"""Serves stores to browsers."""
