"""JSON from strangers: read strictly, with every refusal a `JsonError`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

_SURROGATES = (b"\\ud", b"\\uD")


class JsonError(ValueError):
    """A text that is no JSON, or JSON that two readers would understand differently."""


def loads(content: bytes) -> Any:
    """Reads one JSON value.

    NaN and Infinity, a key that stands twice, and halves of surrogate pairs, which no file can hold as text, are
    refused: Python's reader lets them pass.

    Raises:
        JsonError: what is wrong, in words that follow "no JSON that can be read:".
    """
    try:
        value = _DECODER.decode(content.decode("utf-8-sig"))
        if any(mark in content for mark in _SURROGATES):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise JsonError("lists or objects within each other, too deep") from None
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise JsonError("half of a surrogate pair in a text") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in error.doc else ""
        raise JsonError(f"{error.msg} at {line}column {error.colno}") from None
    except JsonError:
        raise
    except ValueError:
        raise JsonError("a number of thousands of digits") from None
    return value


def shown(value: object) -> str:
    """A value for messages, short.

    >>> shown([1, 2]), shown("x"), shown({"a": 1}), shown(None), shown(True)
    ('a list of 2', "'x'", 'an object', 'null', 'true')
    """
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name}, which is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise JsonError(f"the key {shown(twice)} stands twice in one object")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
