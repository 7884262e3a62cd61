"""Prints the TypeScript types of the wire, made from the server's OpenAPI document; `make wire` keeps them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HEAD = """\
/**
 * The documents of the wire format (format 1), as a browser receives them. See docs/wire.md.
 *
 * Made from the server's OpenAPI document by `make wire`; a change here is lost.
 */
"""
WIDTH = 120
# What a type can't say: it is left to those who check values.
_UNSAID = {"pattern", "minimum", "maximum", "minItems", "maxItems", "description", "title", "unevaluatedProperties"}
_SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def typescript(schemas: dict[str, Schema]) -> str:
    """Every schema as an exported type, by name."""
    return "\n".join([HEAD, *("\n".join([*_declared(name, schemas[name]), ""]) for name in sorted(schemas))])


def _declared(name: str, schema: Schema) -> Iterator[str]:
    yield from _comment(schema, "")
    if "properties" not in schema:
        yield f"export type {name} = {_type(schema)};"
        return
    _expect(name, schema, {"type", "properties", "required", "allOf", "additionalProperties"})
    parents = ", ".join(_type(parent) for parent in schema.get("allOf", []))
    yield f"export interface {name} {f'extends {parents} ' if parents else ''}{{"
    for field, one in schema["properties"].items():
        yield from _comment(one, "  ")
        yield f"  {field}{'' if field in schema.get('required', []) else '?'}: {_type(one)};"
    yield "}"


def _comment(schema: Schema, indent: str) -> Iterator[str]:
    text = schema.get("description")
    if text is None:
        return
    words = " ".join(text.split())
    if len(line := f"{indent}/** {words} */") <= WIDTH:
        yield line
        return
    yield f"{indent}/**"
    line = f"{indent} *"
    for word in words.split(" "):
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = f"{indent} *"
        line += f" {word}"
    yield line
    yield f"{indent} */"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        _expect("a reference", schema, {"$ref"})
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        _expect("a choice", schema, {"anyOf"})
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        _expect("a value", schema, {"const", "enum", "type"})
        return " | ".join(_value(one) for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _map(schema)
    if kind is None:
        _expect("anything", schema, set())
        return "unknown"
    _expect(kind, schema, {"type"})
    return _SIMPLE[kind]


def _list(schema: Schema) -> str:
    _expect("a list", schema, {"type", "items", "prefixItems"})
    if "prefixItems" not in schema:
        items = _type(schema["items"])
        return f"({items})[]" if " " in items and items[0] not in "[{" else f"{items}[]"
    # A title is the member's name.
    members = (": ".join([*([one["title"]] if "title" in one else []), _type(one)]) for one in schema["prefixItems"])
    return f"[{', '.join(members)}]"


def _map(schema: Schema) -> str:
    _expect("a map", schema, {"type", "additionalProperties", "propertyNames"})
    inner = schema["additionalProperties"]
    values = "unknown" if inner is True else _type(inner)
    if "propertyNames" in schema:
        return f"Partial<Record<{_type(schema['propertyNames'])}, {values}>>"
    return f"Record<string, {values}>"


def _value(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _expect(what: str, schema: Schema, known: set[str]) -> None:
    """Refuses what has no translation here: left out, it would make the types say less than the document."""
    if unknown := schema.keys() - known - _UNSAID:
        raise SystemExit(f"{what}: wanted {sorted(known)}, found {sorted(unknown)}; teach {Path(__file__).name} these")


def main() -> None:
    """Prints the types."""
    # Where this file is, not what is installed.
    sys.path.insert(0, str(ROOT))
    from server.app import create_app
    from server.openapi import describe
    from server.settings import Settings

    print(typescript(describe(create_app(Settings(())))["components"]["schemas"]), end="")


if __name__ == "__main__":
    main()
