"""The bare limit of a build: decode, resize and encode of the same files, on as many processes, and nothing else."""

from __future__ import annotations

import io
import multiprocessing
from functools import partial
from pathlib import Path

from PIL import Image

# As ours does: at least twice the target is left for the filter.
_LEAST = 2


def run(paths: list[Path], target: tuple[int, int], processes: int) -> int:
    """Does all files, on processes that it starts and ends; gives the bytes that came of them."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.imap_unordered(partial(one, target), paths, chunksize=8))


def one(target: tuple[int, int], path: Path) -> int:
    """One file, without labels, ledger, hashes or store."""
    with Image.open(path) as image:
        side = max(image.size)
        scale = next((scale for scale in (8, 4, 2) if side >= _LEAST * scale * max(target)), 1)
        if scale > 1:
            image.draft("RGB", (-(-image.width // scale), -(-image.height // scale)))
        image.load()
        side = max(image.size)
        square: Image.Image = image
        if image.width != image.height:
            square = Image.new("RGB", (side, side))
            square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        out = io.BytesIO()
        square.resize(target, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90, subsampling=0)
        return len(out.getvalue())
