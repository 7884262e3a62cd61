"""One side of a comparison, as a process of its own: reads a JSON list of paths a line, answers with seconds a file,
by the clock and of the processor.

python -m tests.bench.contender ours MANIFEST
python -m tests.bench.contender img2dataset      (by the interpreter of scripts/peers.sh)

A file's seconds: from its bytes on disk to encoded bytes, one thread.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

Run = Callable[[str], int]


def ours(manifest: str) -> tuple[Run, str]:
    """What a worker does for one record."""
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

    def run(path: str) -> int:
        return sum(len(sample.image) for sample in prepare(records[path], recipe).samples)

    return run, f"dataprep {importlib.metadata.version('dataprep')}"


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
    import cv2

    run, versions = ours(*arguments) if name == "ours" else img2dataset()
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
