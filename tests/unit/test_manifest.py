"""Manifests: errors with file and line, and what the sections mean."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from dataprep.encoding import Jpeg
from dataprep.errors import ManifestError
from dataprep.manifest import LoadedManifest, load, schema
from dataprep.transforms.square import Square

HEAD = "name: a\nsource:\n  format: voc\n  root: .\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "m.yaml"
    path.write_text(text)
    return path


def read(folder: Path, text: str) -> LoadedManifest:
    return load(write(folder, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "encdoe: b\n", "m.yaml:5: the manifest has no key 'encdoe'; did you mean encode?"),
        (HEAD + "  imges: b\n", "m.yaml:5: source has no key 'imges'; did you mean images?"),
        (
            "name: a\nsource:\n  format: vco\n  root: .\n",
            "m.yaml:3: no source.format is called 'vco'; did you mean voc?",
        ),
        ("name: a\nsource:\n  root: .\n", "m.yaml:2: source wants a key 'format'"),
        ("source:\n  format: voc\n  root: .\n", "m.yaml:1: manifest wants a key 'name', and it is not there"),
        (HEAD + "transforms:\n  - sqare: {}\n", "m.yaml:6: no transform is called 'sqare'; did you mean square?"),
        (HEAD + "transforms:\n  - square: {}\n    flip: {}\n", "m.yaml:6: transforms.0 wants one key"),
        (
            HEAD + "transforms:\n  - square: {bye: pad}\n",
            "m.yaml:6: transforms.0.square has no key 'bye'; did you mean by?",
        ),
        (
            HEAD + "transforms:\n  - flip\n  - resize: {size: [0, 4]}\n",
            "m.yaml:7: transforms.1.resize.size.0: Input should be greater",
        ),
        (
            HEAD + "transforms:\n  - square: {fill: [0, 0, 256]}\n",
            "m.yaml:6: transforms.0.square.fill.2: Input should be less",
        ),
        (HEAD + "split: {by: hash, train: 1, val: 1}\n", "m.yaml:5: split: train + val + test must be 1, found 2.1"),
        (HEAD + "encode: {format: jpeg, quality: 0}\n", "m.yaml:5: encode.quality: Input should be greater"),
        (
            HEAD + "encode:\n  format: jpeg\n  subsampling: 4:2:2\n",
            "m.yaml:7: encode.subsampling: Input should be '4:4:4' or '4:2:0', found '4:2:2'",
        ),
        (
            HEAD + "encode: {format: jpeg, subsampling: 420}\n",
            "m.yaml:5: encode.subsampling: Input should be '4:4:4' or '4:2:0', found 420",
        ),
        (HEAD + "encode: {format: png, subsampling: '4:2:0'}\n", "m.yaml:5: encode has no key 'subsampling'"),
        (HEAD + "limits: {max_rejected: 200%}\n", "m.yaml:5: limits.max_rejected: Input should be less"),
        (
            HEAD + "normalize: auto\ntransforms:\n  - square: {fill: mean}\n",
            "m.yaml:1: manifest: fill: mean wants a declared",
        ),
        (HEAD + "encode: {format: jpeg, qualty: 9}\n", "m.yaml:5: encode has no key 'qualty'; did you mean quality?"),
        (HEAD + "normalize: {diviser: 2}\n", "m.yaml:5: normalize has no key 'diviser'; did you mean divisor?"),
        (
            HEAD + "normalize: imagent\n",
            "m.yaml:5: normalize: no normalisation is called 'imagent'; did you mean imagenet?",
        ),
        (HEAD + "split: {by: folder, flders: {}}\n", "m.yaml:5: split has no key 'flders'; did you mean folders?"),
        (HEAD + "split: {by: lists, trian: a}\n", "m.yaml:5: split has no key 'trian'; did you mean train?"),
        (HEAD + "limits: {second: 3}\n", "m.yaml:5: limits has no key 'second'; did you mean seconds?"),
        (HEAD + "? [a]\n: 3\n", "m.yaml:"),
        (HEAD + "a: &a [*a]\n", "m.yaml:"),
        (HEAD + "name: b\n", "m.yaml:5: the key 'name' stands here a second time (first in line 1); keep one"),
        (HEAD + "a: [\n", "m.yaml:6: no valid YAML"),
        (HEAD + "a: \x01\n", "m.yaml:5: no valid YAML: the character '\\x01'"),
        ("- a\n", "m.yaml:1: wanted keys such as name and source"),
        ("name: Big Name\nsource:\n  format: voc\n  root: .\n", "m.yaml:1: name: String should match pattern"),
        (HEAD.replace("root: .", "root: ${NOT_SET_ANYWHERE}"), "m.yaml:4: the variable NOT_SET_ANYWHERE is not set"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ManifestError) as error:
        read(tmp_path, text)
    assert message in str(error.value)


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as error:
        read(tmp_path, HEAD + "split: {by: hash, train: 3}\nencode: {format: jpg}\n")
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["5", "6"]


def test_a_missing_manifest_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="the manifest can't be read"):
        load(tmp_path / "none.yaml")


def test_defaults_are_enough(tmp_path: Path) -> None:
    manifest = read(tmp_path, HEAD).manifest
    assert manifest.encode.format == "jpeg"
    assert manifest.background_color() == (0, 0, 0)
    normalization = manifest.declared_normalization()
    assert normalization is not None
    assert normalization.scale == (1 / 255,) * 3


@pytest.mark.parametrize("written", ["4:2:0", "'4:2:0'", '"4:2:0"'])
def test_a_subsampling_needs_no_quotes(tmp_path: Path, written: str) -> None:
    """YAML 1.1 has numbers to base 60: 4:2:0 is 14520."""
    encode = read(tmp_path, HEAD + f"encode: {{format: jpeg, subsampling: {written}}}\n").manifest.encode
    assert encode == Jpeg(subsampling="4:2:0")
    assert read(tmp_path, HEAD).manifest.encode == Jpeg(subsampling="4:4:4")


def test_the_root_is_relative_to_the_manifest_and_takes_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLACE", raising=False)
    text = HEAD.replace("root: .", "root: ${PLACE:-photos}/x")
    assert read(tmp_path, text).root == (tmp_path / "photos/x").resolve()
    monkeypatch.setenv("PLACE", "/elsewhere")
    assert read(tmp_path, text).root == Path("/elsewhere/x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read(tmp_path, HEAD.replace("root: .", "root: ~/photos")).root == tmp_path.resolve() / "photos"


def test_fill_mean_is_the_rounded_mean_of_the_normalisation(tmp_path: Path) -> None:
    text = HEAD + "normalize: {mean: [122.782, 117.001, 104.298]}\ntransforms:\n  - square: {fill: mean}\n"
    (step,) = read(tmp_path, text).manifest.steps()
    assert isinstance(step, Square)
    assert step.fill == (123, 117, 104)


def test_percentages(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + "limits: {max_rejected: 2.5%}\n").manifest.limits.max_rejected == 0.025


@pytest.mark.parametrize("name", ["bccd", "faces", "sample"])
def test_our_manifests_satisfy_the_schema_that_editors_get(name: str) -> None:
    text = (Path(__file__).parents[2] / f"manifests/{name}.yaml").read_text()
    described = json.loads(json.dumps(schema()))
    jsonschema.validate(yaml.safe_load(text), described)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**yaml.safe_load(text), "nmae": 1}, described)


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        ("~/cells", "{home}/cells"),
        ("./~/cells", "{here}/~/cells"),
        ("~nobody-of-this-name/cells", "{here}/~nobody-of-this-name/cells"),
        ("a~b", "{here}/a~b"),
    ],
)
def test_a_tilde_in_the_root_is_a_home_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, wanted: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    loaded = read(tmp_path, HEAD.replace("root: .", f"root: {root}"))
    assert str(loaded.root) == wanted.format(home=tmp_path / "home", here=tmp_path)
