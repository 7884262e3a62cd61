"""preprocess(image, contract) in real browsers against what the pipeline stored of the same files, without loss."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page

from dataprep.geometry import Affine, Size
from dataprep.pixels import Pixels
from dataprep.pixels.encode import decode_stored
from dataprep.store.read import Store
from tests.browser_files import draw
from tests.e2e.chromium import TFJS, chromium, quiet
from tests.e2e.conftest import ROOT, built, serving
from tests.e2e.engines import ENGINES, Chromium, Engine
from tests.replay_vectors import contract_of

# Of 255, in the mean over a photo. The same decoder and the same arithmetic give 0; what is left is a browser's own
# conversion of subsampled colours, and our decoding of large JPEGs at a part of their size.
BOUND = 2

# Runs in the page: a file, a contract or the name of a dataset, options; gives the pixels and where they are from.
PREPROCESS = """async ([bytes, contract, options]) => {
  const { preprocess } = await import(`${location.origin}/preprocess.js`);
  if (typeof contract === 'string') contract = await (await fetch(`/v1/datasets/${contract}/contract.json`)).json();
  const file = new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], 'a');
  const base64 = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  const made = await preprocess(file, contract, options ?? undefined);
  const { picture, values, affine, source } = made;
  const { width, height } = picture;
  return { rgb: base64(picture.rgb), values: base64(values), width, height, affine, source };
}"""


@dataclass
class Preprocessed:
    """What the page made of a file."""

    pixels: Pixels
    values: npt.NDArray[np.float32]
    affine: list[float]
    source: dict[str, int]


def preprocess(engine: Engine, file: bytes, contract: Any, options: dict[str, Any] | None = None) -> Preprocessed:
    given = json.dumps([base64.b64encode(file).decode(), contract, options])
    said = engine.run(f"async () => ({PREPROCESS})({given})")
    shape = said["height"], said["width"], 3
    pixels = np.frombuffer(base64.b64decode(said["rgb"]), np.uint8).reshape(shape)
    values = np.frombuffer(base64.b64decode(said["values"]), "<f4").reshape(shape)
    return Preprocessed(pixels, values, said["affine"], said["source"])


def stored(store: Path) -> dict[str, tuple[Pixels, dict[str, Any]]]:
    """The pixels and the labels of every sample, by its key."""
    with Store(store) as opened:
        format = opened.dataset.image["format"]
        return {
            sample.key: (decode_stored(content or b"", format, Size(*sample.size)), json.loads(sample.text.wire))
            for sample, content, _ in opened.iterate()
        }


def difference(found: Pixels, wanted: Pixels) -> float:
    """The mean over all levels, of 255."""
    assert found.shape == wanted.shape
    return float(np.abs(found.astype(np.int16) - wanted).mean())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture(scope="module")
def page(browser: BrowserContext, drawn_store: Path) -> Iterator[Page]:
    with serving(drawn_store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        yield page


DRAWN = """
name: drawn
source: {format: image_folder, root: ., images: images, classes: []}
split: {by: hash, train: 0, val: 1, test: 0}
transforms:
  - square: {fill: mean}
  - resize: {size: [96, 96]}
  - random_flip: {p: 1}
encode: {format: png}
normalize: {mean: [122.782, 117.001, 104.298], divisor: 255}
background: [20, 90, 160]
"""


@pytest.fixture(scope="module")
def drawn_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder / "images")
    (folder / "m.yaml").write_text(DRAWN)
    built(folder / "m.yaml", folder / "drawn.db")
    return folder / "drawn.db"


# Selenium's own driver of WebKitGTK calls selenium in a way that it will give up.
@pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")
@pytest.mark.parametrize("name", ENGINES)
def test_every_sort_of_file_gives_the_stored_pixels(name: str, drawn_store: Path, tmp_path: Path) -> None:
    with serving(drawn_store) as server, ENGINES[name](tmp_path / "profile") as engine:
        engine.open(f"{server.url}/v1/datasets")
        check_files(engine, drawn_store)


def check_files(engine: Engine, drawn_store: Path) -> None:
    wanted = stored(drawn_store)
    assert len(wanted) == 24
    found = {}
    for key, (pixels, labels) in wanted.items():
        made = preprocess(engine, (drawn_store.parent / "images" / key).read_bytes(), "drawn")
        found[key] = difference(made.pixels, pixels)
        assert made.affine == pytest.approx(labels["affine"], abs=1e-9), key
        assert [made.source["width"], made.source["height"]] == labels["size"], key
        normalized = (made.pixels - np.array([122.782, 117.001, 104.298])) / 255
        assert np.abs(made.values - normalized).max() < 1e-6
    assert max(found.values()) <= BOUND, found
    # Without a browser's own arithmetic in between, nothing differs.
    for key in ("turned1.jpg", "turned6.jpg", "gray.jpg", "plain.png", "palette.png", "lossless.webp", "plain.bmp"):
        assert found[key] == 0, found


def test_pixels_bitmaps_and_canvases_give_the_same(page: Page, drawn_store: Path) -> None:
    page.add_script_tag(path=TFJS)
    file = base64.b64encode((drawn_store.parent / "images" / "plain.png").read_bytes()).decode()
    said = page.evaluate(
        """async (file) => {
          const { preprocess } = await import('/preprocess.js');
          const contract = await (await fetch('/v1/datasets/drawn/contract.json')).json();
          const blob = await (await fetch(`data:image/png;base64,${file}`)).blob();
          const bitmap = await createImageBitmap(blob);
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          const context = canvas.getContext('2d');
          context.drawImage(bitmap, 0, 0);
          const data = context.getImageData(0, 0, bitmap.width, bitmap.height);
          const element = Object.assign(new Image(), { src: URL.createObjectURL(blob) });
          const onPage = Object.assign(document.createElement('canvas'), { width: 97, height: 61 });
          onPage.getContext('2d').drawImage(bitmap, 0, 0);
          const frame = new VideoFrame(bitmap, { timestamp: 0 });
          const wanted = (await preprocess(blob, contract)).values;
          const found = {};
          for (const [name, image] of Object.entries({ bitmap, canvas, data, element, onPage, frame })) {
            const { values } = await preprocess(image, contract);
            found[name] = Math.max(...values.map((value, at) => Math.abs(value - wanted[at]))) * 255;
          }
          frame.close();
          const before = tf.memory().numTensors;
          const { xs } = await preprocess(blob, contract, { tf });
          const tensor = { shape: xs.shape, made: tf.memory().numTensors - before };
          tensor.same = (await xs.data()).every((value, at) => value === wanted[at]);
          xs.dispose();
          const broken = await preprocess(new Blob(['no image']), contract).catch(String);
          return { found, tensor, broken };
        }""",
        file,
    )
    assert said["tensor"] == {"shape": [1, 96, 96, 3], "made": 1, "same": True}
    # A frame's colours may go through the conversions of video.
    assert all(value == 0 for name, value in said["found"].items() if name != "frame"), said["found"]
    assert said["found"]["frame"] <= BOUND
    assert "wanted an image that this browser decodes" in said["broken"], said["broken"]


def blob(size: Size, x: float, y: float) -> bytes:
    """A Gaussian on black, as a PNG."""
    columns, rows = np.meshgrid(np.arange(size.width) + 0.5, np.arange(size.height) + 0.5)
    levels = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (min(size) / 14) ** 2))
    file = io.BytesIO()
    Image.fromarray(np.repeat(np.rint(levels).astype(np.uint8)[..., None], 3, axis=2)).save(file, "PNG")
    return file.getvalue()


def centroid(pixels: Pixels) -> list[float]:
    levels = pixels[..., 0].astype(np.float64)
    height, width = levels.shape
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    return [float((levels.sum(axis=0) * x).sum() / levels.sum()), float((levels.sum(axis=1) * y).sum() / levels.sum())]


@pytest.mark.parametrize(
    "steps",
    [
        [{"square": {}}, {"resize": {"size": [112, 112]}}],
        [{"resize": {"size": [160, 120], "mode": "letterbox", "filter": "lanczos"}}, {"flip": {}}],
        [{"resize": {"size": [100, 100], "mode": "fill", "filter": "area"}}],
        [{"rotate": {"degrees": 25, "expand": True}}, {"square": {}}, {"resize": {"size": [112, 112]}}],
        [
            {"affine": {"degrees": -10, "scale": [0.6, 0.7], "filter": "bilinear"}},
            {"center_crop": {"size": [200, 150]}},
        ],
        [{"preset": {"of": "face-api", "map": "canvas_centered", "size": 112}}],
    ],
)
def test_a_blob_lies_where_the_pipeline_puts_it(page: Page, steps: list[dict[str, Any]]) -> None:
    size = Size(301, 203)
    for place in ([140.2, 100.9], [171.7, 90.4]):
        made = preprocess(Chromium(page), blob(size, *place), contract_of(steps))
        found = centroid(made.pixels)
        assert found == pytest.approx(Affine.of(made.affine).apply(place).tolist(), abs=0.05)
        # And back.
        assert Affine.of(made.affine).inverse().apply(found).tolist() == pytest.approx(place, abs=0.15)


def lossless(manifest: Path, target: Path) -> Path:
    """One of our manifests, to be stored without loss."""
    text = manifest.read_text()
    assert "encode: {format: jpeg, quality: 92}" in text
    text = text.replace("encode: {format: jpeg, quality: 92}", "encode: {format: png}")
    target.write_text(text.replace("root: .", f"root: {manifest.parent}"))
    return target


def check_photos(page: Page, store: Path, name: str, images: Path, boxes: dict[str, list[float]] | None) -> None:
    """Every sample of a store against its file; with the box that its labels have, where it was cut to one."""
    found, wanted = {}, stored(store)
    for key, (pixels, labels) in wanted.items():
        name_of_file = key.partition("::")[0]
        options = {"box": boxes[name_of_file]} if boxes else None
        made = preprocess(Chromium(page), (images / name_of_file).read_bytes(), name, options)
        assert made.affine == pytest.approx(labels["affine"], abs=1e-9), key
        found[key] = difference(made.pixels, pixels)
    assert len(found) >= 20 and max(found.values()) <= BOUND, found


def test_the_drawn_sample(browser: BrowserContext, sample: Path, tmp_path: Path) -> None:
    built(lossless(sample / "manifest.yaml", tmp_path / "m.yaml"), tmp_path / "sample.db", "--limit", "20")
    with (sample / "annotations.csv").open() as file:
        corners = "xmin", "ymin", "xmax", "ymax"
        boxes = {row["file"]: [float(row[name]) for name in corners] for row in csv.DictReader(file)}
    with serving(tmp_path / "sample.db") as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        check_photos(page, tmp_path / "sample.db", "sample", sample / "images", boxes)


def test_real_photos(browser: BrowserContext, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(real_data))
    for name in ("bccd", "faces"):
        manifest = lossless(ROOT / f"manifests/{name}.yaml", tmp_path / f"{name}.yaml")
        built(manifest, tmp_path / f"{name}.db", "--limit", "24")
    with (real_data / "faces/keypoints.csv").open() as file:
        boxes = {row[0]: hull(row[1:]) for row in list(csv.reader(file))[1:]}
    with serving(tmp_path / "bccd.db", tmp_path / "faces.db") as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        check_photos(page, tmp_path / "bccd.db", "bccd", real_data / "bccd/JPEGImages", None)
        check_photos(page, tmp_path / "faces.db", "faces", real_data / "faces/images", boxes)


def hull(row: list[str]) -> list[float]:
    """Around landmarks that are counted in whole pixels."""
    points = np.array(row, np.float64).reshape(-1, 2) + 0.5
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
