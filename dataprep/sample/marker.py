"""The file that tells a sample's folder from any other, and a whole sample from a damaged one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "sample.json"


@dataclass(frozen=True)
class Marker:
    """What was written into a folder.

    Attributes:
        version: Of the drawing.
        seed: Of the cast.
        files: Size in bytes by path; paths are relative to the folder, with `/`.
    """

    version: int
    seed: int
    files: Mapping[str, int]

    def write(self, directory: Path) -> None:
        """Writes the marker into the folder."""
        content = {"version": self.version, "seed": self.seed, "files": dict(self.files)}
        (directory / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def is_whole(self, directory: Path) -> bool:
        """Whether every file is still there with its size. Sizes only: 240 look-ups, not 240 reads."""
        for name, size in self.files.items():
            path = directory / name
            if not path.is_file() or path.stat().st_size != size:
                return False
        return True


def read_marker(directory: Path) -> Marker | None:
    """The folder's marker, or None where there is none that can be understood."""
    try:
        content = json.loads((directory / NAME).read_text(encoding="utf-8"))
        files = {str(name): int(size) for name, size in content["files"].items()}
        return Marker(int(content["version"]), int(content["seed"]), files)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # Not ours, or not any more: the caller treats the folder as one of the user's.
        return None
