"""Memory that ran out, in the words of the libraries that find it so."""

from __future__ import annotations

import cv2


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that caused it, is a failed allocation."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, cv2.error) and error.code == cv2.Error.STS_NO_MEM:
            return True
        # Pillow's decoders end with a status, which it turns into words; of a TIFF's it says the number.
        if isinstance(error, OSError) and ("out of memory" in str(error) or str(error) == "decoder error -9"):
            return True
        error = error.__cause__
    return False
