"""One side of a comparison, as a process of its own: reads a JSON list of paths a line, answers with seconds a file,
by the clock and of the processor.

python -m tests.bench.contender worker MANIFEST
python -m tests.bench.contender same MANIFEST
python -m tests.bench.contender plain
python -m tests.bench.contender img2dataset      (by the interpreter of scripts/peers.sh)

A file's seconds, on one thread, from its bytes on disk: ``same``, ``plain`` and ``img2dataset`` do the same job,
encoded bytes of the resized picture; ``worker`` does all that a worker does for a record: digests, hashes, statistics,
labels.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the other side's interpreter has none of this
    from dataprep.build.recipe import Recipe
    from dataprep.inputs import Record

Run = Callable[[str], int]


def ours(manifest: str, *, same: bool) -> tuple[Run, str]:
    """What a worker does for one record; or of that the job that the other side does, by the same functions."""
    import importlib.metadata

    from dataprep.build.prepare import prepare
    from dataprep.build.recipe import Recipe
    from dataprep.build.work import plan_work
    from dataprep.heap import keep_memory
    from dataprep.manifest import load

    keep_memory()  # as a worker does
    loaded = load(Path(manifest))
    work = plan_work(loaded)
    recipe = Recipe.of(loaded.manifest, work.keypoints)
    records = {str(record.path): record for record in work.records}
    unseen = set(records)

    def run(path: str) -> int:
        if not same:
            return sum(len(sample.image) for sample in prepare(records[path], recipe).samples)
        encoded = picture(records[path], recipe)
        if path in unseen:  # the first turn is not counted
            unseen.remove(path)
            if [encoded] != [sample.image for sample in prepare(records[path], recipe).samples]:
                raise RuntimeError(f"{path}: a build makes another picture")
        return len(encoded)

    return run, f"dataprep {importlib.metadata.version('dataprep')}"


def picture(record: Record, recipe: Recipe) -> bytes:
    """One record's encoded picture: what `prepare` does for that, and nothing else."""
    from dataprep.build.files import read
    from dataprep.build.planning import draw
    from dataprep.pixels.decode import decode, open_image
    from dataprep.pixels.encode import encode
    from dataprep.pixels.labels import source_labels
    from dataprep.pixels.render import render
    from dataprep.plan import Origin

    content, _ = read(record.path)
    opened = open_image(content, recipe.memory_mb)
    labels = source_labels(record, opened, recipe.options, raw=recipe.raw)
    drawing = draw(recipe, opened.size, labels, Origin(record.key, record.split), upright=opened.orientation == 1)
    pixels, _ = decode(opened, recipe.background, drawing.scale)
    (output,) = drawing.outputs
    return encode(render(pixels, output.view.passes, drawing.scale), recipe.encoding)


def plain() -> tuple[Run, str]:
    """The libraries alone, as in the design's table: simplejpeg decodes at a scale, Pillow resizes by bicubic."""
    import importlib.metadata

    import simplejpeg  # type: ignore[import-untyped]  # has no type hints
    from PIL import Image

    side = 224

    def run(path: str) -> int:
        content = Path(path).read_bytes()
        height, width, *_ = simplejpeg.decode_jpeg_header(content)
        longest = max(height, width)
        scale = next((scale for scale in (8, 4, 2) if longest >= 2 * side * scale), 1)
        # The smallest scaling that leaves so much is the one that is meant.
        pixels = simplejpeg.decode_jpeg(content, min_height=height // scale, min_width=width // scale)
        size = round(width * side / longest), round(height * side / longest)
        square = Image.new("RGB", (side, side))
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
        square.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
        out = io.BytesIO()
        square.save(out, "JPEG", quality=90, subsampling=0)
        return len(out.getvalue())

    return run, ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("simplejpeg", "pillow"))


def img2dataset() -> tuple[Run, str]:
    """What it does for one downloaded image."""
    import importlib.metadata

    from img2dataset.resizer import Resizer  # type: ignore[import-not-found]

    resize = Resizer(224, "border", False, encode_quality=90)

    def run(path: str) -> int:
        with Path(path).open("rb") as file:
            content = io.BytesIO(file.read())
        encoded, *_, error = resize(content)
        if error:
            raise RuntimeError(f"{path}: {error}")
        return len(encoded)

    names = ("img2dataset", "opencv-python-headless", "albumentations", "numpy")
    return run, ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def main(name: str, *arguments: str) -> None:
    """Answers until there is nothing more to read."""
    # One thread means one: of NumPy's BLAS as well, which reads this when it is first imported, by OpenCV here.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import cv2

    others = {"img2dataset": img2dataset, "plain": plain}
    run, versions = others[name]() if name in others else ours(*arguments, same=name == "same")
    cv2.setNumThreads(1)
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        answers = []
        for path in json.loads(line):
            began = time.perf_counter(), time.process_time()
            length = run(path)
            answers.append((time.perf_counter() - began[0], time.process_time() - began[1]))
            if not length:
                raise RuntimeError(f"{path}: nothing came of it")
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
