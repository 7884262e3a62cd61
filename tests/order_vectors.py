"""Orders that Python and the browser client have to agree on: `python -m tests.order_vectors` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from dataprep.order import Extent, Shuffle, Window, epoch_order, seeded_words, subset

PATH = Path(__file__).parent / "vectors/order.json"

_LAST = (1 << 32) - 1
_SEEDS = [(0, 0), (1, 0), (0, 1), (_LAST, 7), (123456789, _LAST)]


def shuffle_of(value: Any) -> Shuffle:
    """A way to shuffle, as the vectors and the client write it."""
    if isinstance(value, dict):
        return Window(value["window"])
    found: Shuffle = value
    return found


def _subsets(random: Random) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = [
        {"positions": list(range(count)), "n": n, "seed": seed, "classes": None}
        for count, n, seed in [(0, 3, 0), (10, 3, 0), (10, 3, 1), (10, 30, 2), (300, 16, _LAST)]
    ]
    classes = [random.choice([None, 0, 1, 2]) for _ in range(60)]
    cases += [{"positions": list(range(60)), "n": n, "seed": n, "classes": classes} for n in (0, 1, 5, 99)]
    cases.append({"positions": list(range(0, 60, 3)), "n": 2, "seed": 9, "classes": classes})
    return cases


def _orders(random: Random) -> list[dict[str, Any]]:
    shards = [[random.randint(1, 12), random.randint(1, 1000)] for _ in range(9)]
    total = sum(count for count, _ in shards)
    some = sorted(random.sample(range(total), 11))
    # Windows that are full to the byte.
    even = {"shards": [[3, 100]] * 7, "shuffle": {"window": 200}, "seed": 4, "epoch": 1, "chosen": None}
    return [
        even,
        *(
            {"shards": of, "shuffle": shuffle, "seed": seed, "epoch": epoch, "chosen": chosen}
            for of in ([], [[1, 5]], shards)
            for shuffle in (False, "full", {"window": 0}, {"window": 1500}, {"window": 100_000})
            for seed, epoch in (_SEEDS if of is shards else _SEEDS[:1])
            for chosen in ([None, some] if of is shards else [None])
        ),
    ]


def _words(seed: int, epoch: int) -> dict[str, Any]:
    draw = seeded_words(seed, epoch)
    return {"seed": seed, "epoch": epoch, "words": [draw() for _ in range(5)]}


def vectors() -> dict[str, list[dict[str, Any]]]:
    """All cases with their outcomes, the same every time."""
    random = Random(7)
    return {
        "words": [_words(*pair) for pair in _SEEDS],
        "subsets": [{**case, "chosen": subset(**case)} for case in _subsets(random)],
        "orders": [
            {
                **case,
                "order": epoch_order(
                    [Extent(*shard) for shard in case["shards"]],
                    shuffle_of(case["shuffle"]),
                    case["seed"],
                    case["epoch"],
                    case["chosen"],
                ),
            }
            for case in _orders(random)
        ],
    }


def text() -> str:
    """The file: one case a line."""
    lists = (
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in vectors().items()
    )
    return "{\n" + ",\n".join(lists) + "\n}\n"


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text())
