"""Rejections that say something of one run, not only of the file."""

OUT_OF_MEMORY = "out_of_memory"
# The next run may find another: no cache keeps them.
UNSTABLE_REASONS = frozenset({"timeout", "worker_died", OUT_OF_MEMORY, "unreadable", "internal_error"})
# Other limits may undo these, too: no later build takes them for known.
REVOCABLE_REASONS = UNSTABLE_REASONS | {"output_too_large", "too_large", "unsteady"}
