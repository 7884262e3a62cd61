"""What a draft has found, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dataprep.console import counts, printable
from dataprep.draft.candidates import Candidate
from dataprep.draft.draft import Draft
from dataprep.inputs import has_suffix_of_image, split_suffix

# Names of classes that are printed.
_SHOWN = 12


def rows(draft: Draft) -> list[tuple[str, str]]:
    """Names and values, for a table."""
    page, suggestion = draft.page, draft.candidates.chosen.suggestion
    found = [("format", f"{page.chosen.format} (confidence {suggestion.confidence:.2g})")]
    found += [("because", reason) for reason in suggestion.reasons]
    found += [("not sure", doubt.text) for doubt in page.doubts]
    found += [("files", _files(draft))]
    if draft.contents is not None:
        contents = draft.contents
        found += [("inputs", f"{contents.records:,} to prepare" + "".join(f", {one}" for one in _refused(draft)))]
        found += [("labels", counts(contents.labels)), ("splits", _splits(draft))]
        if page.classes:
            more = "" if len(page.classes) <= _SHOWN else f" and {len(page.classes) - _SHOWN:,} more"
            found += [("classes", ", ".join(page.classes[:_SHOWN]) + more)]
    found += [("manifest", str(page.path)), *(("next", command) for command in page.commands())]
    return [(name, printable(value)) for name, value in found]


def as_json(draft: Draft) -> dict[str, Any]:
    """Plain values."""
    page, contents = draft.page, draft.contents
    return {
        "manifest": str(page.path),
        "dataset": page.name,
        "root": page.root,
        **_candidate(draft.candidates.chosen),
        "doubts": [{"about": doubt.about, "text": doubt.text} for doubt in page.doubts],
        "alternatives": [_candidate(one) for one in draft.candidates.others],
        "files": {
            "images": len(draft.survey.images),
            "others": dict(_others(draft)),
            "left_out": dict(_left_out(draft)),
        },
        "inputs": None if contents is None else {"records": contents.records, "refused": dict(contents.refused)},
        "labels": None if contents is None else dict(contents.labels),
        "splits": None if contents is None else _planned(draft),
        "classes": list(page.classes),
        "obstacle": draft.obstacle,
        "next": list(page.commands()),
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {"format": one.format, "confidence": one.suggestion.confidence, "reasons": list(one.suggestion.reasons)}


def _files(draft: Draft) -> str:
    parts = [f"{len(draft.survey.images):,} images", *(f"{count:,} {name}" for name, count in _others(draft).items())]
    parts += [f"{count:,} left out as {reason}" for reason, count in _left_out(draft).items()]
    return ", ".join(parts)


def _others(draft: Draft) -> Counter[str]:
    """Files that are no images, by their suffix."""
    names = [name for name in draft.survey.files if not has_suffix_of_image(name)]
    return Counter(sorted(split_suffix(name)[1].lower() or "without a suffix" for name in names))


def _left_out(draft: Draft) -> Counter[str]:
    return Counter(sorted(one.reason for one in draft.left_out))


def _refused(draft: Draft) -> list[str]:
    refused = draft.contents.refused if draft.contents is not None else {}
    return [f"{count:,} {reason}" for reason, count in refused.items()]


def _planned(draft: Draft) -> dict[str, int]:
    return dict(draft.contents.splits) if draft.contents is not None else {}


def _splits(draft: Draft) -> str:
    return f"{counts(_planned(draft))} (by {draft.page.split.get('by')})"
