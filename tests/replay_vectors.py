"""What the client's preprocessing is held to: images, the steps of contracts, and what the pipeline makes of both.

``python -m tests.replay_vectors`` writes `PATH` anew.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from dataprep.errors import PlanError
from dataprep.geometry import Size
from dataprep.labels import Boxes, Keypoints, Labels
from dataprep.normalization import Normalization
from dataprep.pixels import Pixels
from dataprep.pixels.color import gray
from dataprep.pixels.render import render
from dataprep.plan import Origin, View
from dataprep.store.content import Dataset
from dataprep.transforms import plan, transforms
from dataprep.wire import contract

PATH = Path(__file__).parent / "vectors" / "replay.json"
_FILTERS = ("area", "bilinear", "bicubic", "lanczos")
_NORMALIZE = Normalization.of((122.782, 117.001, 104.298), (255, 255, 255))
Steps = list[dict[str, Any]]

# Each way of each step once; a random chain may miss one.
PLAIN: list[Steps] = [
    [],
    [{"crop": {"x": 3, "y": 2, "size": [9, 7]}}],
    [{"center_crop": {"size": [8, 6]}}],
    [{"pad": {"left": 3, "bottom": 2, "fill": "edge"}}],
    [{"pad": {"left": 30, "top": 1, "right": 2, "fill": "reflect"}}],
    [{"pad": {"right": 2, "fill": "mean"}}, {"pad": {"left": 2, "fill": [9, 8, 7]}}],
    [{"square": {"fill": "mean"}}, {"resize": {"size": [12, 12]}}],
    [{"square": {"align": "top_left"}}, {"resize": {"size": [12, 12], "filter": "lanczos"}}],
    [{"square": {"by": "crop"}}, {"resize": {"size": [6, 6], "filter": "area"}}],
    [{"square": {"by": "crop", "align": "top_left"}}],
    *([{"resize": {"size": [13, 8], "filter": filter}}] for filter in _FILTERS),
    *([{"resize": {"size": [13, 8], "mode": mode, "fill": [1, 2, 3]}}] for mode in ("fit", "fill", "letterbox")),
    [{"resize": {"size": [40, 31], "mode": "letterbox", "filter": "bilinear", "fill": "edge"}}],
    # What was cut between two resamples is not read by the second one; and what was filled is.
    [
        {"resize": {"size": [20, 20]}},
        {"crop": {"x": 4, "y": 3, "size": [9, 8]}},
        {"resize": {"size": [5, 5]}},
    ],
    [{"resize": {"size": [20, 14], "mode": "letterbox", "fill": [250, 0, 9]}}, {"resize": {"size": [9, 9]}}],
    [{"resize": {"size": [20, 14], "mode": "letterbox", "fill": "edge"}}, {"resize": {"size": [9, 9]}}],
    [{"resize": {"size": [20, 14], "mode": "letterbox", "fill": "reflect"}}, {"resize": {"size": [9, 9]}}],
    [{"flip": {}}],
    [{"resize": {"size": [9, 9]}}, {"flip": {"axis": "vertical"}}, {"crop": {"x": 1, "y": 2, "size": [6, 5]}}],
    [{"rotate": {"degrees": 20}}],
    [{"rotate": {"degrees": -90, "expand": True, "filter": "bilinear"}}],
    [{"rotate": {"degrees": 33, "expand": True, "fill": [200, 100, 0]}}, {"resize": {"size": [10, 10]}}],
    [{"affine": {"degrees": 10, "scale": [0.4, 1.3], "shear": [5, -8], "translate": [2, -1], "fill": "mean"}}],
    [{"affine": {"scale": [0.3, 0.3], "filter": "area"}}],
    [{"grayscale": {}}, {"square": {"fill": [255, 0, 0]}}],
    [{"crop_to": {"margin": 0.25, "each": True}}, {"square": {}}, {"resize": {"size": [12, 12]}}],
    [{"crop_to": {"target": "keypoints", "margin": 0.1}}],
    [{"square": {}}, {"resize": {"size": [20, 20]}}, {"flip": {}}, {"crop_to": {"margin": 3}}],
    [{"rotate": {"degrees": 30, "expand": True}}, {"crop_to": {"margin": 0.1}}],
    [{"random_crop": {"size": [7, 5], "variants": 3}}, {"random_flip": {"p": 1}}],
    [{"random_rotate": {"degrees": [-9, 9]}}],
    *(
        [{"preset": {"of": "face-api", "map": name, "size": 11}}]
        for name in ("canvas_centered", "canvas_top_left", "tensor")
    ),
]  # fmt: skip


def vectors() -> dict[str, list[dict[str, Any]]]:
    """All cases, the same every time."""
    random = Random(7)
    cases = [_case(random, steps) for steps in PLAIN]
    while len(cases) < len(PLAIN) + 60:
        steps = [_step(random) for _ in range(random.randint(2, 5))]
        try:
            cases.append(_case(random, steps))
        except PlanError:
            continue  # a crop that does not fit, or nothing left
    return {"replays": cases}


def _case(random: Random, written: Steps) -> dict[str, Any]:
    size = Size(random.randint(12, 22), random.randint(10, 18))
    pixels = _picture(size, random.randrange(1 << 30))
    said = contract_of(written)
    steps, background = said["steps"], said["background"]
    # An object that reaches beyond the image at one side, as a detector may say it.
    x, y = random.uniform(-2, size.width / 2), random.uniform(0, size.height / 2)
    box = [round(value, 2) for value in (x, y, x + random.uniform(3, 8), y + random.uniform(3, 8))]
    labels = Labels(boxes=Boxes.of([box]), keypoints=Keypoints.of([[box[:2], box[2:]]]))
    models = [transforms()[step["name"]].model_validate(step["parameters"]) for step in steps]
    (view,) = plan(View.start(size, labels, origin=Origin("a.png", "val")), models)
    rendered = render(gray(pixels) if view.grayscale else pixels, view.passes)
    return {
        "steps": steps,
        "background": background,
        "box": box,
        "image": as_json(pixels),
        "affine": view.affine.coefficients(),
        "rendered": as_json(rendered),
    }


def contract_of(written: Steps) -> dict[str, Any]:
    """The contract of a store with a manifest's steps."""
    image = {"width": None, "height": None}
    normalize = _NORMALIZE._asdict()
    dataset = Dataset("drawn", "0" * 64, {"transforms": written}, (), None, (), image, normalize, {}, (), {})
    said: dict[str, Any] = json.loads(contract(dataset))
    return said


def _picture(size: Size, seed: int) -> Pixels:
    """Noise on a ramp: no two places alike, and no filter leaves it as it is."""
    ramp = np.linspace(0, 150, size.width * size.height * 3).reshape(size.height, size.width, 3)
    noise = np.random.default_rng(seed).integers(0, 106, ramp.shape)
    return (ramp + noise).astype(np.uint8)


def _step(random: Random) -> dict[str, Any]:
    filter = random.choice(_FILTERS)
    fill: Any = random.choice(["edge", "reflect", "mean", [random.randrange(256) for _ in range(3)]])
    color = fill if isinstance(fill, list) else [0, 0, 0]
    size = [random.randint(4, 28), random.randint(4, 28)]
    mode = random.choice(["stretch", "fit", "fill", "letterbox"])
    return random.choice(
        [
            {"crop": {"x": random.randint(0, 6), "y": random.randint(0, 6), "size": size}},
            {"pad": {"left": random.randint(0, 5), "bottom": random.randint(1, 5), "fill": fill}},
            {"square": {"by": random.choice(["pad", "crop"]), "fill": fill}},
            {"resize": {"size": size, "mode": mode, "filter": filter, "fill": fill}},
            {"flip": {"axis": random.choice(["horizontal", "vertical"])}},
            {"rotate": {"degrees": random.randint(-360, 360) / 2, "filter": filter, "fill": color}},
            {"crop_to": {"margin": random.random()}},
            {"preset": {"of": "face-api", "map": "canvas_centered", "size": size[0], "filter": filter}},
        ]
    )


def as_json(pixels: Pixels) -> dict[str, Any]:
    """Pixels as width, height and base64."""
    height, width, _ = pixels.shape
    return {"width": width, "height": height, "rgb": base64.b64encode(pixels.tobytes()).decode()}


def text() -> str:
    """The file: one case a line."""
    lists = (
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in vectors().items()
    )
    return "{\n" + ",\n".join(lists) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(text())
