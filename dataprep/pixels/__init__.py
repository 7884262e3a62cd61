"""Bytes to pixels, pixels to pixels, pixels to bytes; the only importer of cv2, PIL and simplejpeg in the pipeline.

Pixels are (height, width, 3) uint8, RGB.
"""

import os

import numpy as np
import numpy.typing as npt

# Pillow then keeps up to so many blocks of at most 16 MiB for the next image: a fifth of the time of a small photo is
# the system handing out fresh pages. It reads this when it is first imported.
os.environ.setdefault("PILLOW_BLOCKS_MAX", "4")

Pixels = npt.NDArray[np.uint8]
