"""docs/client.md names everything that the client exports, and everything exported says what it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "server/web/src/client"
NAMED = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", (ROOT / "docs/client.md").read_text()))))
ENTRIES = [Path(entry["types"]).name.removesuffix(".d.ts") for entry in
           json.loads((CLIENT / "package.json").read_text())["exports"].values()]  # fmt: skip

# A declaration with the comment before it, if there is one.
COMMENT = r"(/\*\*(?:(?!\*/).)*\*/\s*)?"
DECLARED = COMMENT + r"^export (?:async )?(type|interface|class|const|function)\*? NAME\b"
# A member of an interface or a class, a field that a constructor declares among them; private ones begin with #.
MEMBER = COMMENT + r"^ {2}(?:  readonly |readonly |async |override |get )*\*?([A-Za-z]\w*)[?]?(?:<[^>]*>)?[:(]"


def exported(entry: str) -> dict[str, Path]:
    """The names that an entry exports, with the file that declares each. Those of the wire have a page of their own."""
    found = {}
    source = (CLIENT / f"{entry}.ts").read_text()
    for names, path in re.findall(r"^export (?:type )?\{(.*?)\} from '\./(.*?)';", source, re.M | re.S):
        for name in re.findall(r"(?:type )?(\w+)\s*(?:,|$)", names.strip()):
            found[name] = CLIENT / path
    for name in re.findall(r"^export (?:async )?(?:function|interface|type|class|const) (\w+)", source, re.M):
        found[name] = CLIENT / f"{entry}.ts"
    return {name: declared_in(name, path) for name, path in found.items() if path.name != "wire.ts"}


def declared_in(name: str, path: Path) -> Path:
    """The file in which a name is declared: some are passed on."""
    passed = re.search(rf"^export (?:type )?\{{[^}}]*\b{name}\b[^}}]*\}} from '(.*?)';", path.read_text(), re.M)
    return declared_in(name, path.parent / passed[1]) if passed and path.stem not in ENTRIES else path


def declaration(name: str, path: Path) -> re.Match[str]:
    found = re.search(DECLARED.replace("NAME", name), path.read_text(), re.M | re.S)
    assert found, f"{path}: {name} is not declared"
    return found


def members(name: str, path: Path) -> dict[str, bool]:
    """The public members of an interface or a class, and whether each has a comment."""
    found = declaration(name, path)
    source = path.read_text()[found.end() :]
    if found[2] not in ("interface", "class"):
        return {}
    body = source[: source.index("}") if source.partition("\n")[0].endswith("{}") else source.index("\n}")]
    return {
        member: bool(comment)
        for comment, member in re.findall(MEMBER, body, re.M | re.S)
        if member not in ("constructor", "super")
    }


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_page_names_what_is_exported(entry: str) -> None:
    names = exported(entry)
    assert names
    missing = [name for name in names if name not in NAMED]
    missing += [
        f"{name}.{member}" for name, path in names.items() for member in members(name, path) if member not in NAMED
    ]
    assert missing == [], "docs/client.md does not name these"


@pytest.mark.parametrize("entry", ENTRIES)
def test_everything_exported_has_a_comment(entry: str) -> None:
    names = exported(entry)
    silent = [name for name, path in names.items() if not declaration(name, path)[1]]
    # The methods of what people hold in their hands, one by one.
    classes = {"Dataset": CLIENT / "dataset.ts", "Preprocessed": CLIENT / "preprocess/preprocessed.ts"}
    for name in classes.keys() & names.keys():
        silent += [f"{name}.{member}" for member, said in members(name, classes[name]).items() if not said]
    assert silent == [], "these have no documentation comment"


def test_every_heading_of_a_type_is_one() -> None:
    known = {name for entry in ENTRIES for name in exported(entry)}
    headings = re.findall(r"^### `(\w+)`$", (ROOT / "docs/client.md").read_text(), re.M)
    assert headings and set(headings) <= known
