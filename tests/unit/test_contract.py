"""What the contract says of the steps, and the vectors by which the client is held to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep import wire
from dataprep.manifest import Manifest
from dataprep.normalization import Normalization
from dataprep.store.content import Dataset
from dataprep.transforms import transforms
from tests import replay_vectors


def contract(transforms: list[Any], **written: Any) -> dict[str, Any]:
    normalize = Normalization.of((10.4, 20.5, 30.6), (255, 255, 255))._asdict()
    manifest = {"transforms": transforms, **written}
    dataset = Dataset("d", "0" * 64, manifest, (), None, (), {"width": 8, "height": 8}, normalize, {}, (), {})
    found: dict[str, Any] = json.loads(wire.contract(dataset))
    return found


def test_every_parameter_of_a_step_has_its_value() -> None:
    found = contract([{"square": {"fill": "mean"}}, {"resize": {"size": [4, 5]}}, {"flip": {}}])
    assert found["steps"] == [
        {"name": "square", "parameters": {"by": "pad", "align": "center", "fill": [10, 20, 31]}},
        {
            "name": "resize",
            "parameters": {"size": [4, 5], "mode": "stretch", "filter": "bicubic", "fill": [0, 0, 0]},
        },
        {"name": "flip", "parameters": {"axis": "horizontal"}},
    ]
    assert found["transforms"][2] == {"flip": {}}


@pytest.mark.parametrize(
    ("transforms", "written", "background"),
    [
        ([], {}, [0, 0, 0]),
        ([{"pad": {"left": 1, "fill": "edge"}}, {"rotate": {"degrees": 1, "fill": [1, 2, 3]}}], {}, [1, 2, 3]),
        ([{"square": {"fill": "mean"}}], {}, [10, 20, 31]),
        ([{"square": {"fill": [1, 2, 3]}}], {"background": [9, 8, 7]}, [9, 8, 7]),
    ],
)
def test_the_background_is_said(transforms: list[Any], written: dict[str, Any], background: list[int]) -> None:
    assert contract(transforms, **written)["background"] == background


@pytest.mark.parametrize("step", [{"swirl": {}}, {"resize": {"size": [4, 4], "sharpness": 3}}])
def test_a_store_with_steps_of_another_version_is_served_without_them(step: dict[str, Any]) -> None:
    found = contract([{"flip": {}}, step])
    assert (found["steps"], found["background"]) == (None, None)
    assert found["transforms"] == [{"flip": {}}, step]


@given(st.data())
def test_the_steps_are_those_that_the_build_takes(data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.sampled_from([one for case in replay_vectors.PLAIN for one in case]), max_size=4))
    color = data.draw(st.none() | st.just([3, 4, 5]))
    manifest = Manifest.model_validate(
        {
            "name": "d",
            "source": {"format": "image_folder", "root": "."},
            "transforms": steps,
            "normalize": {"mean": [10.4, 20.5, 30.6], "divisor": 255},
            "background": color,
        }
    )
    # As a build stores it.
    stored = json.loads(manifest.model_dump_json(by_alias=True, exclude_unset=True))
    said = contract(stored["transforms"], **({"background": color} if color else {}))
    taken = [transforms()[step["name"]].model_validate(step["parameters"]) for step in said["steps"]]
    assert tuple(taken) == manifest.steps()
    assert tuple(said["background"]) == manifest.background_color()


def test_the_client_is_held_to_what_the_pipeline_does_now() -> None:
    kept, made = json.loads(replay_vectors.PATH.read_text())["replays"], replay_vectors.vectors()["replays"]
    assert len(kept) == len(made), "python -m tests.replay_vectors writes them anew"
    for one, other in zip(kept, made, strict=True):
        assert one.pop("affine") == pytest.approx(other.pop("affine"), abs=1e-9)
        assert one == other
