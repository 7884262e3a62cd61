"""Plan the work, run it on an engine, write the store."""
