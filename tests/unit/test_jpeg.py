"""Damage within a JPEG's pixels is seen, and what only looks like damage is not taken for it."""

from __future__ import annotations
