"""Image files of every sort that browsers decode as well as the pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.image_files import SRGB_CURVE, matrix_profile


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """Soft colours with hard edges and some noise, as a photo has."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = [np.sin(9 * x + 5 * y * k + k) * 60 + 120 + 50 * ((x * 3 + y * k) % 1 > 0.5) for k in (1, 2, 3)]
    noise = rng.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.stack(waves, axis=2) + noise, 0, 255).astype(np.uint8))


def draw(folder: Path) -> None:
    """Files of every sort that a browser decodes as well."""
    folder.mkdir()
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        scene(160, 90, orientation).save(folder / f"turned{orientation}.jpg", exif=exif, quality=92, subsampling=0)
        if orientation == 6:
            scene(130, 90, 30).save(folder / "turned.png", exif=exif)
            scene(130, 90, 31).save(folder / "turned.webp", exif=exif, lossless=True)
    scene(301, 203).save(folder / "usual.jpg", quality=85)  # 4:2:0
    scene(1632, 1224).save(folder / "large.jpg", quality=90)  # decoded at a half by the pipeline
    scene(1633, 1225).save(folder / "odd.jpg", quality=90, progressive=True)
    scene(120, 200).convert("L").save(folder / "gray.jpg")
    scene(97, 61).save(folder / "plain.png")
    scene(97, 61, 21).convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    scene(97, 61, 22).save(folder / "lossless.webp", lossless=True)
    scene(97, 61, 23).save(folder / "plain.bmp")
    wide = matrix_profile("display-p3", SRGB_CURVE)
    scene(150, 110, 40).save(folder / "wide.jpg", quality=92, icc_profile=wide)
    scene(150, 110, 41).save(folder / "wide.png", icc_profile=wide)
    scene(150, 110, 42).save(folder / "still.avif", quality=90, subsampling="4:4:4")
    scene(150, 110, 43).save(folder / "still.gif")
    for seed, name in enumerate(("clear.png", "clear.webp")):
        clear = scene(80, 60, seed).convert("RGBA")
        clear.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 80), (60, 1)).astype(np.uint8)))
        clear.save(folder / name, lossless=True)
