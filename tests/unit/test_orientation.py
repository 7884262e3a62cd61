"""Annotations made on the pixels as they lie follow the picture as it is turned upright."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from dataprep.geometry import Size
from dataprep.labels import Boxes, Keypoints, Labels, Mask
from dataprep.orientation import upright, upright_affine
from tests.strategies import mask, sizes


def turned(pixels: Mask, orientation: int) -> Mask:
    """Pillow's own idea of upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", exif=exif)
    with Image.open(out) as image:
        return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("orientation", range(1, 9))
@given(size=sizes(1, 20), data=st.data())
def test_labels_and_masks_turn_as_the_pixels_do(orientation: int, size: Size, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, size.width - 1)), data.draw(st.integers(0, size.height - 1))
    pixels = np.zeros((size.height, size.width), np.uint8)
    pixels[y, x] = 255
    ((found_y, found_x),) = np.argwhere(turned(pixels, orientation))
    classes = mask(size, 3)
    labels = Labels(
        boxes=Boxes.of([[x, y, x + 1, y + 1]]),
        keypoints=Keypoints.of([[(x + 0.5, y + 0.5), (0.0, 0.0)]]),
        mask=classes,
    )
    found = upright(labels, orientation, size, ((0, 1),))
    assert found.boxes is not None and found.keypoints is not None and found.mask is not None
    assert found.boxes.corners.tolist() == [[found_x, found_y, found_x + 1, found_y + 1]]
    # A mirrored picture exchanges left and right.
    place = 1 if orientation in (2, 4, 5, 7) else 0
    assert found.keypoints.points[0, place, :2].tolist() == [found_x + 0.5, found_y + 0.5]
    assert np.array_equal(found.mask, turned(classes, orientation))
    assert abs(upright_affine(orientation, size).determinant) == 1
