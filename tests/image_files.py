"""Image files made byte by byte, so that a decoder is judged by something that shares no code with it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from dataprep.geometry import Size

Samples = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Order = Literal["<", ">"]


def save(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def samples(size: Size, channels: int, most: int = 255, seed: int = 0) -> Samples:
    """(height, width, channels), values 0…most."""
    return np.random.default_rng(seed).integers(0, most + 1, (size.height, size.width, channels))


# --- PNG (W3C PNG, third edition) ---


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _packed(rows: Samples, depth: int) -> bytes:
    lines = []
    for row in rows:
        flat = row.reshape(-1)
        if depth == 16:
            lines.append(b"\0" + flat.astype(">u2").tobytes())
        else:
            bits = (flat[:, np.newaxis] >> np.arange(depth - 1, -1, -1)) & 1
            lines.append(b"\0" + np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes())
    return b"".join(lines)


def _passes(values: Samples) -> Iterator[Samples]:
    """Adam7."""
    for x, y, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        part = values[y::dy, x::dx]
        if part.size:
            yield part


def png(
    values: Samples, depth: int, color: int, *, interlaced: bool = False, before: bytes = b"", after: bytes = b""
) -> bytes:
    """A PNG of samples (height, width, channels); `before` and `after` are chunks around the pixels."""
    height, width = values.shape[:2]
    parts = _passes(values) if interlaced else iter([values])
    pixels = zlib.compress(b"".join(_packed(part, depth) for part in parts))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced)))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", pixels) + after + chunk(b"IEND", b"")


# --- TIFF 6.0 ---


def tiff(values: npt.NDArray[np.generic], photometric: int, order: Order = "<", **tags: Sequence[int]) -> bytes:
    """An uncompressed TIFF of one strip; `tags` are more SHORT values, named ``t`` and their number."""
    height, width, channels = values.shape
    dtype = values.dtype
    pixels = values.astype(dtype.newbyteorder(order)).tobytes()
    short: dict[int, Sequence[int]] = {
        258: [dtype.itemsize * 8] * channels,
        259: [1],
        262: [photometric],
        277: [channels],
        339: [{"u": 1, "i": 2, "f": 3}[dtype.kind]] * channels,
        **{int(name[1:]): numbers for name, numbers in tags.items()},
    }
    long = {256: width, 257: height, 273: 8, 278: height, 279: len(pixels)}
    at = 8 + len(pixels)
    spill = at + 2 + 12 * (len(short) + len(long)) + 4
    entries, extra = [], b""
    for tag in sorted([*short, *long]):
        if tag in long:
            entries.append(struct.pack(f"{order}HHII", tag, 4, 1, long[tag]))
            continue
        packed = struct.pack(f"{order}{len(short[tag])}H", *short[tag])
        if len(packed) <= 4:
            place = packed.ljust(4, b"\0")
        else:
            place, extra = struct.pack(f"{order}I", spill + len(extra)), extra + packed
        entries.append(struct.pack(f"{order}HHI", tag, 3, len(short[tag])) + place)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
    return head + pixels + directory + extra


# --- JPEG (ITU T.81) ---


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def flat_jpeg(blocks: Samples, *, marker: bytes = b"", precision: int = 8, interleaved: bool = True) -> bytes:
    """A baseline JPEG whose every 8 x 8 block has one value a component, which decodes exactly.

    Args:
        blocks: (rows, columns, components) uint8, the values as stored.
        marker: segments to put in front.
        precision: what the frame header claims.
        interleaved: one scan for all components, or one for each.
    """
    rows, columns, components = blocks.shape
    ids = range(1, components + 1)
    frame = struct.pack(">BHHB", precision, rows * 8, columns * 8, components)
    frame += b"".join(bytes([name, 0x11, 0]) for name in ids)
    # Twelve DC categories with codes of four bits; of AC only "end of block", one bit.
    dc = bytes([0x00, 0, 0, 0, 12, *[0] * 12, *range(12)])
    ac = bytes([0x10, 1, *[0] * 15, 0])
    groups = [list(ids)] if interleaved else [[name] for name in ids]
    scans = b"".join(_flat_scan(blocks[..., [name - 1 for name in group]], group) for group in groups)
    tables = segment(0xDB, bytes([0] + [1] * 64)) + segment(0xC4, dc) + segment(0xC4, ac)
    return b"\xff\xd8" + marker + tables + segment(0xC0, frame) + scans + b"\xff\xd9"


def _flat_scan(blocks: Samples, ids: Sequence[int]) -> bytes:
    bits, last = "", [0] * len(ids)
    for block in blocks.reshape(-1, len(ids)):
        for index, value in enumerate(block):
            level = 8 * (int(value) - 128)  # the DC coefficient of a constant block, quantised by 1
            difference, last[index] = level - last[index], level
            size = abs(difference).bit_length()
            bits += f"{size:04b}"
            if size:
                bits += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
            bits += "0"
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    head = bytes([len(ids)]) + b"".join(bytes([name, 0]) for name in ids) + bytes([0, 63, 0])
    return segment(0xDA, head) + data


# --- EXIF ---


def exif(orientation: int, order: Order = "<", kind: int = 3) -> bytes:
    """A TIFF structure with nothing but an orientation."""
    value = struct.pack(f"{order}{ {1: 'B', 3: 'H', 4: 'I'}[kind] }", orientation).ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + struct.pack(f"{order}HHHI", 1, 0x0112, kind, 1) + value + bytes(4)


# --- ICC.1:2001-04 ---

D50 = np.array([0.9642, 1.0, 0.8249])
_D65 = (0.3127, 0.3290)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

PRIMARIES = {
    "srgb": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "display-p3": ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
    "adobe-rgb": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
}


def _xyz(x: float, y: float) -> Floats:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def rgb_to_xyz(space: str) -> Floats:
    """(3, 3): linear RGB of a D65 space to XYZ relative to D50, from its primaries (Bradford)."""
    primaries = np.array([_xyz(*point) for point in PRIMARIES[space]]).T
    matrix = primaries * np.linalg.solve(primaries, _xyz(*_D65))
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ D50) / (_BRADFORD @ _xyz(*_D65))) @ _BRADFORD
    return np.asarray(adapt @ matrix)


def xyz_to_srgb(xyz: Floats) -> Floats:
    """XYZ relative to D50 (…, 3) to sRGB levels 0…255, not rounded."""
    linear = np.clip(xyz @ np.linalg.inv(rgb_to_xyz("srgb")).T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(curved * 255)


def lab_to_xyz(lab: Floats) -> Floats:
    """CIE L*a*b* (…, 3) to XYZ, both relative to D50."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    return np.asarray(np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * D50)


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


SRGB_CURVE = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes], name: bytes = b"made") -> bytes:
    """An ICC profile, version 2.4."""
    described = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + _fixed(*D50)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": white, **tags}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4s4s4s4s4s", start + len(body), bytes(4), b"\x02\x40\0\0", kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def matrix_profile(space: str, curve: bytes, name: bytes = b"made") -> bytes:
    columns = rgb_to_xyz(space).T
    tags = {
        tag: b"XYZ \0\0\0\0" + _fixed(*column) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    }
    return profile(b"mntr", b"RGB ", b"XYZ ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)}, name)


def gray_profile(curve: bytes) -> bytes:
    return profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


# A press whose Lab is linear in its inks: any interpolation of its table is exact. Paper is white, all inks are black.
_INKS = np.array([[-20.0, -40, -30], [-20, 60, -10], [-10, -20, 40], [-50, 0, 0]])


def cmyk_to_lab(ink: Floats) -> Floats:
    """Ink (…, 4), 0…1, to Lab."""
    return np.asarray(np.array([100.0, 0, 0]) + ink @ _INKS)


def cmyk_profile() -> bytes:
    corners = np.array([[c, m, y, k] for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)], float)
    lab = cmyk_to_lab(corners)
    encoded = np.round(np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], -1))
    line = struct.pack(">HH", 0, 65535)
    table = b"mft2\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + struct.pack(">HH", 2, 2)
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table + line * 4 + encoded.astype(">u2").tobytes() + line * 3})
