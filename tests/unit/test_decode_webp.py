"""WebP files, and what formats have in common: alpha and animation: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Size
from tests.decoding import BEST, ODD, Color, covers, opencv, over, picture, pixels, rejection
from tests.image_files import save
from tests.strategies import colors, sizes


@covers("WebP | lossy", "WebP | lossless")
@given(sizes(1, 40), st.integers(0, 100), st.booleans())
def test_webp_is_opencvs_or_exact(size: Size, quality: int, lossless: bool) -> None:
    image = picture(size)
    content = save(image, "WEBP", quality=quality, lossless=lossless, method=0)
    found, notes = pixels(content)
    assert np.array_equal(found, np.asarray(image) if lossless else opencv(content)) and notes == ()


@covers("WebP | alpha", "PNG | RGB, RGBA 8 bit")
@given(sizes(1, 20), colors, st.sampled_from(["PNG", "WEBP"]))
def test_alpha_is_composited_over_the_background(size: Size, background: Color, format: str) -> None:
    image = picture(size, channels=4)
    content = save(image, format, **BEST.get(format, {}))
    # Pillow composites in whole numbers: half a level up or down.
    assert np.abs(pixels(content, background)[0] - over(np.asarray(image, np.float64), background)).max() <= 0.501


@covers("PNG | animated", "WebP | animated", "GIF | animated")
@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
def test_animations_are_rejected(format: str) -> None:
    content = save(picture(ODD), format, save_all=True, append_images=[picture(ODD, 1)], duration=100)
    reason, sentence = rejection(content)
    assert reason == "animated" and "2 frames" in sentence
