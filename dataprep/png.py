"""Raw pixels as a PNG without compression: what a decoder takes, at hardly any cost, the same bytes everywhere."""

from __future__ import annotations

import struct
import zlib

# Of a block of deflate that is stored as it is (RFC 1951, 3.2.4).
_MOST_STORED = 0xFFFF
# Colour types by channels: gray and RGB.
_COLORS = {1: 0, 3: 2}


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG of 8 bits a channel.

    The zlib stream is put together here: another zlib library would cut its blocks elsewhere.

    Args:
        pixels: row by row from the top, width * channels bytes each.
        width: in pixels.
        height: in pixels.
        channels: 1 for gray, 3 for RGB.
    """
    row = width * channels
    # A row begins with the number of its filter: none.
    rows = b"".join([b"\0" + pixels[at : at + row] for at in range(0, height * row, row)])
    ends = range(_MOST_STORED, len(rows) + _MOST_STORED, _MOST_STORED)
    blocks = [_block(rows[end - _MOST_STORED : end], last=end >= len(rows)) for end in ends]
    stream = b"\x78\x01" + b"".join(blocks) + zlib.adler32(rows).to_bytes(4)
    head = struct.pack(">II5B", width, height, 8, _COLORS[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")


def _block(content: bytes, *, last: bool) -> bytes:
    return struct.pack("<BHH", last, len(content), len(content) ^ _MOST_STORED) + content


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + zlib.crc32(content, zlib.crc32(name)).to_bytes(4)
