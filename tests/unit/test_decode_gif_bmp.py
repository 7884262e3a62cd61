"""GIF and BMP files: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import struct

import numpy as np

from dataprep.geometry import Size
from tests.decoding import ODD, covers, indexed, over, picture, pixels, rejection
from tests.image_files import samples, save


@covers("GIF | one frame", "GIF | transparency", "GIF | frame smaller than the canvas")
def test_gif() -> None:
    image, values, palette = indexed()
    content = save(image, "GIF")
    assert np.array_equal(pixels(content)[0], palette[values])
    content = save(image, "GIF", transparency=5)
    wanted = np.where(values[..., None] == 5, [1, 2, 3], palette[values])
    assert np.array_equal(pixels(content, (1, 2, 3))[0], wanted)
    # A larger canvas around a frame with transparency shows the background, without transparency nobody knows what.
    wider = content[:6] + struct.pack("<HH", ODD.width + 2, ODD.height + 1) + content[10:]
    found = pixels(wider, (1, 2, 3))[0]
    assert np.array_equal(found[: ODD.height, : ODD.width], wanted)
    assert (found[ODD.height :] == [1, 2, 3]).all() and (found[:, ODD.width :] == [1, 2, 3]).all()
    opaque = save(image, "GIF")
    wider = opaque[:6] + struct.pack("<HH", ODD.width + 2, ODD.height + 1) + opaque[10:]
    assert rejection(wider)[0] == "unsupported_mode"


def bitmap(header: int, bits: int, rows: bytes, size: Size, masks: bytes = b"") -> bytes:
    body = struct.pack("<IiiHHIIiiII", header, size.width, size.height, 1, bits, 3, len(rows), 0, 0, 0, 0) + masks
    body = body.ljust(max(header, 52), b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + len(rows), 0, 0, 14 + len(body)) + body + rows


@covers("BMP | 1, 4, 8-bit palette, 24 bit", "BMP | 16 bit, 32 bit with alpha")
def test_bmp() -> None:
    image, values, palette = indexed()
    assert np.array_equal(pixels(save(image, "BMP"))[0], palette[values])
    bits = picture(ODD, channels=1).point(lambda value: 255 * (value > 99)).convert("1")
    assert np.array_equal(pixels(save(bits, "BMP"))[0][..., 0], np.asarray(bits) * 255)
    content = save(picture(ODD), "BMP")
    assert np.array_equal(pixels(content)[0], np.asarray(picture(ODD)))

    even = Size(4, 3)  # rows of whole words, so that nothing needs padding
    red, green, blue = np.moveaxis(samples(even, 3, 31), -1, 0)
    words = (red << 11 | green << 6 | blue)[::-1].astype("<u2").tobytes()
    found, _ = pixels(bitmap(40, 16, words, even, struct.pack("<III", 0xF800, 0x07E0, 0x001F)))
    # 5 and 6 bits to 8: readers scale or shift, within one step of 5 bits.
    assert np.abs(found - np.stack([red, green, blue], -1) * 255 / 31).max() <= 8

    rgba = samples(even, 4)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    content = bitmap(108, 32, rgba[::-1, :, [2, 1, 0, 3]].astype(np.uint8).tobytes(), even, masks)
    assert np.abs(pixels(content, (5, 6, 7))[0] - over(rgba.astype(float), (5, 6, 7))).max() <= 0.501
