"""Checks that a store is what it says, and pictures to look at."""
