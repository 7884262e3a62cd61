"""The npm package as people get it: what is in it, and that it works in a folder that has nothing of ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import ROOT, serving
from tests.e2e.test_static import file_server

WEB = ROOT / "server/web"
CLIENT = WEB / "src/client"
EXAMPLE = ROOT / "examples/train"

# What a strict consumer writes. A type that did not arrive would be `any`, and then nothing is wrong here.
CONSUMER = """
import * as tf from '@tensorflow/tfjs';
import { DataprepError, type DatasetStatus, openDataset, type Sample } from 'dataprep-client';
import { type SampleRecord, syncRecords } from 'dataprep-client/records';

const faces = openDataset('http://127.0.0.1:8000', 'faces', { tf });
const status: DatasetStatus = await faces.status();
for await (const { xs, samples } of faces.batches({ split: 'train', batchSize: status.samples })) {
  const images: tf.Tensor4D = xs;
  const found: Sample[] = samples;
  console.log(images.shape, found.length);
}
const { database } = await syncRecords('http://127.0.0.1:8000', 'faces', { layout: 'jsons+jpgs' });
declare const row: SampleRecord;
const name: string = database + row.key;
console.log(name, new Error() instanceof DataprepError);

// @ts-expect-error: no such option
openDataset('http://127.0.0.1:8000', 'faces', { nonsense: true });
// @ts-expect-error: no such layout
await syncRecords('http://127.0.0.1:8000', 'faces', { layout: 'rows' });
// @ts-expect-error: a Promise
faces.status().samples;
// @ts-expect-error: a number
const wrong: string = status.samples;
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Runs npm, node or a tool of the web part, and gives what it printed."""
    found = subprocess.run([ROOT / "scripts/node.sh", sys.prefix], capture_output=True, text=True, check=True, cwd=ROOT)
    path = f"{found.stdout.strip()}:{WEB / 'node_modules/.bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """An otherwise empty folder with the package installed from its tarball, and the files that were in that."""

    folder: Path
    files: tuple[str, ...]
    manifest: dict[str, Any]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("consumer")
    # What an older version has left there must not travel along.
    (CLIENT / "dist").mkdir(exist_ok=True)
    (CLIENT / "dist/left-over.js").touch()
    manifest = json.loads((CLIENT / "package.json").read_text())
    (packed,) = json.loads(run("npm", "pack", "--json", "--silent", CLIENT, cwd=folder))
    (folder / "package.json").write_text('{"name": "consumer", "private": true, "type": "module"}')
    # It depends on nothing, so no registry is asked.
    run("npm", "install", "--offline", "--no-audit", "--no-fund", f"./{packed['filename']}", cwd=folder)
    return Installed(folder, tuple(sorted(file["path"] for file in packed["files"])), manifest)


def test_it_holds_what_is_imported_its_types_and_nothing_else(installed: Installed) -> None:
    root = installed.folder / "node_modules/dataprep-client"
    entries = installed.manifest["exports"].values()
    modules = {files["default"].removeprefix("./") for files in entries}
    for module in (found := list(modules)):
        for name in re.findall(r"""(?:from|import)\s*["']\./([^"']+)["']""", (root / module).read_text()):
            if f"dist/{name}" not in modules:
                modules.add(f"dist/{name}")
                found.append(f"dist/{name}")
    sources = [
        path.relative_to(CLIENT) for path in CLIENT.rglob("*.ts") if not path.name.endswith((".test.ts", ".d.ts"))
    ]
    types = [
        str(Path("dist") / source.with_suffix(".d.ts"))
        for source in sources
        if source.parts[0] not in ("dist", "node_modules") and source.name != "vite.config.ts"
    ]
    assert {files["types"].removeprefix("./") for files in entries} <= set(types)
    assert list(installed.files) == sorted(["README.md", "package.json", *modules, *types])


def test_it_is_imported_in_node_without_tfjs(installed: Installed) -> None:
    assert not (installed.folder / "node_modules/@tensorflow").exists()
    for entry, files in installed.manifest["exports"].items():
        name = f"dataprep-client{entry.removeprefix('.')}"
        exported = run("node", "--input-type=module", "--eval", NAMES % name, cwd=installed.folder)
        source = (CLIENT / Path(files["default"]).with_suffix(".ts").name).read_text()
        assert sorted(json.loads(exported)) == values(source), name


NAMES = "console.log(JSON.stringify(Object.keys(await import('%s'))))"


def values(source: str) -> list[str]:
    """What a module exports besides types."""
    listed = [
        name.strip() for names in re.findall(r"^export \{(.*?)\}", source, re.M | re.S) for name in names.split(",")
    ]
    declared = re.findall(r"^export (?:async )?(?:function\*?|class|const) (\w+)", source, re.M)
    return sorted([*declared, *(name for name in listed if name and not name.startswith("type "))])


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_a_strict_consumer_gets_its_types(installed: Installed, resolution: str) -> None:
    link_tfjs(installed.folder)
    (installed.folder / "consumer.ts").write_text(CONSUMER)
    options = {
        "strict": True, "noEmit": True, "target": "es2022", "types": [], "exactOptionalPropertyTypes": True,
        "lib": ["es2022", "dom", "dom.iterable", "dom.asynciterable"],
        "module": "esnext" if resolution == "bundler" else "nodenext", "moduleResolution": resolution,
    }  # fmt: skip
    (installed.folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["consumer.ts"]}))
    said = run("sh", "-c", "tsc --pretty false || true", cwd=installed.folder)
    # Our declarations are checked as well. Those of tfjs have errors of their own, as TypeScript's against them.
    ours = [line for line in said.splitlines() if "error" in line and re.match(r"consumer|.*dataprep-client/", line)]
    assert ours == []


def link_tfjs(folder: Path) -> None:
    link = folder / "node_modules/@tensorflow"
    if not link.exists():
        link.symlink_to(WEB / "node_modules/@tensorflow")


def test_the_example_trains(installed: Installed, sample_store: Path, tmp_path: Path) -> None:
    assert len((EXAMPLE / "train.js").read_text().splitlines()) <= 30
    link_tfjs(installed.folder)
    shutil.copytree(EXAMPLE, installed.folder / "train")
    run("vite", "build", cwd=installed.folder / "train")
    with (
        file_server(installed.folder / "train/dist") as site,
        serving(sample_store, options=("--cors-origin", site)) as server,
        chromium(tmp_path / "profile") as context,
        quiet(context) as page,
    ):
        page.goto(f"{site}/index.html?server={server.url}")
        expect(page.get_by_text("Saved.")).to_be_visible(timeout=120_000)
        losses = [float(loss) for loss in re.findall(r"loss (\d+\.\d+)\.", page.inner_text("body"))]
        assert len(losses) == 5 and losses[-1] < losses[0], losses
