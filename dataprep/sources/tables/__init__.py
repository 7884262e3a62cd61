"""Tables: what sources of rows have in common."""
