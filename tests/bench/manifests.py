"""The manifests that benchmarks build with."""

from __future__ import annotations

from pathlib import Path

from dataprep.geometry import Size

# What most models are trained on.
SQUARE = Size(224, 224)

_TEXT = """
name: bench
source: {{format: image_folder, root: "{root}"}}
split: {{by: hash, train: 0.8, val: 0.1, test: 0.1}}
transforms:
  - square: {{by: pad}}
  - resize: {{size: [{width}, {height}]{more}}}
encode: {{format: jpeg, quality: 90{encoding}}}
"""


def write(folder: Path, target: Size = SQUARE, *, filter: str | None = None, subsampling: str | None = None) -> Path:
    """Writes a manifest for a folder of photos beside it; what it does not say is our default."""
    asked = [one for one in (filter, subsampling) if one]
    path = folder.with_name(f"{folder.name}-{'-'.join(asked).replace(':', '') or 'default'}.yaml")
    more = f", filter: {filter}" if filter else ""
    encoding = f", subsampling: '{subsampling}'" if subsampling else ""
    path.write_text(
        _TEXT.format(root=folder.name, width=target.width, height=target.height, more=more, encoding=encoding)
    )
    return path
