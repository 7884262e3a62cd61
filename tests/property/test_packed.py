"""Records come out of their packs as they went in."""

from __future__ import annotations

import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.build.packed import BLOCK, Packed
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.labels import Labels
from tests.effort import effort
from tests.strategies import labels

SIZE = Size(40, 30)
records = st.builds(
    Record,
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    st.text(st.characters(codec="utf-8"), max_size=8),
    labels(SIZE),
    st.none() | st.just(SIZE),
    st.lists(st.sampled_from(["no_annotation", "b"])).map(tuple),
    st.sampled_from(["train", "val", "test"]),
    st.none() | st.just("mask.png"),
)


@effort(share=0.3)
@given(st.lists(records, max_size=6), st.sampled_from([0, 1, BLOCK - 3, BLOCK, 2 * BLOCK]))
def test_what_is_packed_comes_out_again(some: list[Record], more: int) -> None:
    wanted = [*(Record(f"{number}.jpg", "", Labels()) for number in range(more)), *some]
    packed = Packed(iter(wanted))
    assert len(packed) == len(wanted)
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        assert [repr(one) for one in packed[more:]] == [repr(one) for one in some]
    assert list(packed.heads()) == [(one.key, one.split) for one in wanted]
    assert [one.key for block in packed.blocks() for one in block] == [one.key for one in wanted]
    if wanted:
        assert (packed[0].key, packed[-1].key) == (wanted[0].key, wanted[-1].key)
