"""Prepare image datasets with their labels, exactly, and keep them in one SQLite store."""

import os

# The workers are the parallelism. NumPy's BLAS reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
