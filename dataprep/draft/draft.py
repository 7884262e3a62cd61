"""From a folder to a manifest that loads and, as far as a first look can tell, builds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dataprep.build.work import Work, plan_work
from dataprep.draft.candidates import Candidate, Candidates, candidates
from dataprep.draft.contents import Contents
from dataprep.draft.doubt import Doubt, placed
from dataprep.draft.frames import Frames, frames
from dataprep.draft.name import dataset_name
from dataprep.draft.page import Page, options_of
from dataprep.draft.pictures import look
from dataprep.draft.shares import doubt as doubt_of_shares
from dataprep.draft.shares import hash_split
from dataprep.draft.trial import doubts as doubts_of_trial
from dataprep.draft.trial import obstacle, try_out
from dataprep.errors import ManifestError, SourceError
from dataprep.inputs import Record, Refusal, walk
from dataprep.manifest import LoadedManifest, check
from dataprep.split import SPLITS
from dataprep.survey import Survey


@dataclass(frozen=True)
class Draft:
    """A manifest that is not written yet, and what it follows from.

    Attributes:
        page: what the manifest says.
        text: the manifest.
        survey: of the folder.
        left_out: files in it that are of no use.
        candidates: the formats that it may be in.
        contents: what its records hold; None where the source can't be read.
        obstacle: why it would not build; None when nothing is known that would keep it from that.
    """

    page: Page
    text: str
    survey: Survey
    left_out: Sequence[Refusal]
    candidates: Candidates
    contents: Contents | None
    obstacle: str | None

    def write(self) -> None:
        """Writes the manifest, never over a file that is there.

        Raises:
            ManifestError: it can't be written there.
        """
        path = self.page.path
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.text)
        except FileExistsError:
            raise exists(path) from None
        except OSError as error:
            raise ManifestError(f"{path}: the manifest can't be written: {error.strerror or error}") from error


def exists(path: Path) -> ManifestError:
    """What to say where a file is already."""
    return ManifestError(f"{path} is there already, and is not written over; choose another --out, or move it away")


def draft(root: Path, out: Path | None = None, wanted: str | None = None) -> Draft:
    """Looks at a folder and writes down what a manifest for it would say.

    Args:
        root: the folder, or an archive.
        out: where the manifest will be; None for NAME.yaml in the current folder.
        wanted: the format; None for the one that is most likely.

    Raises:
        SourceError: there is no such folder, or nothing in it is recognised.
        ManifestError: there is a file where the manifest would be, or no manifest can say what was found.
    """
    name = dataset_name(root)
    path = out if out is not None else Path(f"{name}.yaml")
    if os.path.lexists(path):
        raise exists(path)
    files, left_out = walk(root, "images and annotations")
    survey = Survey(root, files)
    found = candidates(survey, left_out, wanted)
    page = _first_page(path, name, root, found, decided=wanted is not None)
    loaded = _checked(page, root)
    try:
        work = plan_work(loaded)
    except (SourceError, ManifestError) as error:
        return Draft(page, page.text(), survey, left_out, found, None, str(error))
    contents = Contents.of(work)
    page = _with_contents(page, work, contents)
    loaded = _checked(page, root)
    trial = try_out(loaded, work)
    page = replace(page, doubts=(*page.doubts, *doubts_of_trial(trial)))
    return Draft(page, page.text(), survey, left_out, found, contents, obstacle(loaded, work, contents, trial))


def _first_page(path: Path, name: str, root: Path, found: Candidates, *, decided: bool) -> Page:
    """What can be said before the source is read."""
    suggestion = found.chosen.suggestion
    options = {key: value for key, value in suggestion.options.items() if key not in ("format", "root")}
    doubts = [Doubt(_other(one)) for one in (() if decided else found.close())]
    doubts += [Doubt(problem) for problem in found.problems]
    doubts += placed(suggestion.doubts, options_of(found.chosen.format))
    split = dict(suggestion.split) if suggestion.split is not None else {"by": "hash"}
    return Page(path, name, _written_root(root, path), found.chosen, options, split, tuple(doubts))


def _other(one: Candidate) -> str:
    reasons = one.suggestion.reasons
    because = f": {reasons[0]}" if reasons else ""
    return (
        f"it may be {one.format} as well (confidence {one.suggestion.confidence:.2g}{because}); --format {one.format} "
        "takes it so"
    )


def _written_root(root: Path, path: Path) -> str:
    """The root relative to the manifest; absolute where they have nothing but the file system in common."""
    real, beside = root.resolve(), path.parent.resolve()
    if os.path.commonpath([real, beside]) == os.path.sep:
        return str(real)
    relative = os.path.relpath(real, beside)
    # What begins so names a home.
    return f"./{relative}" if relative.startswith("~") else relative


def _checked(page: Page, root: Path) -> LoadedManifest:
    """The manifest of a page.

    Raises:
        ManifestError: it does not load, or means another folder.
    """
    try:
        loaded = check(page.text(), page.path)
    except ManifestError as error:
        raise ManifestError(
            f"{root} looks like {page.chosen.format}, but no manifest can say what was found: {error}; write it by hand"
        ) from error
    if loaded.root != root.resolve():
        raise ManifestError(
            f"{root}: a manifest would take this name for {loaded.root}, as ${{…}} is put in; rename the folder"
        )
    return loaded


def _with_contents(page: Page, work: Work, contents: Contents) -> Page:
    """What can be said once the source is read."""
    pictures = look(work.records)
    doubts = list(page.doubts)
    options = dict(page.options)
    found: Frames | None = None
    split: Mapping[str, Any] = page.split
    if split == {"by": "hash"}:
        keys = [record.key for record in work.records]
        chosen = hash_split(keys)
        split = {"by": "hash", **chosen.shares(), "seed": chosen.seed}
        doubts += [Doubt(text, "split") for text in [doubt_of_shares(chosen, len(keys))] if text]
        found = frames({record.key: _class_of(record) for record in work.records})
        doubts += [Doubt(_frames(found), "split")] if found else []
    else:
        doubts += [Doubt(text, "split") for text in _doubts_of_split(contents)]
    if pictures.turned and set(contents.labels) & {"boxes", "keypoints", "polygons", "masks"}:
        turned = f"{pictures.turned:,} of the {pictures.looked_at:,} pictures looked at are turned by their EXIF"
        if pictures.lying and not pictures.standing:
            options["annotated"] = "raw"
            doubts.append(Doubt(f"{turned}, and the sizes stated are those of the pixels as they lie", "annotated"))
        elif pictures.lying:
            doubts.append(Doubt(f"{turned}, and the sizes stated are of either kind: no `annotated` is right for all"))
        elif not pictures.standing:
            about = "if labels were made on the pixels as they lie, say annotated: raw"
            doubts.append(Doubt(f"{turned}; {about}", "annotated"))
    return replace(
        page,
        options=options,
        split=split,
        doubts=tuple(doubts),
        classes=work.classes,
        frames=found,
        task=contents.task,
        pictures=pictures,
    )


def _class_of(record: Record) -> int | None:
    """The class of an image, or that of the first thing in it."""
    labels = record.labels
    if labels.class_id is not None:
        return labels.class_id
    return int(labels.boxes.classes[0]) if labels.boxes is not None and len(labels.boxes) else None


def _frames(found: Frames) -> str:
    first, second = found.examples
    return (
        f"{first} and {second} look like frames of one of {found.subjects:,} subjects; where they do, `group` keeps "
        "each subject in one split, and `near_duplicates: same_split` what looks alike"
    )


def _doubts_of_split(contents: Contents) -> list[str]:
    """What is odd in a split that the files name."""
    left = sum(
        count
        for reason, count in contents.refused.items()
        if reason.endswith((": not_listed", ": no_split_folder", ": no_split"))
    )
    doubts = [f"{left:,} images are in no split, and will be left out"] if left else []
    missing = [name for name in SPLITS[:2] if name not in contents.splits]
    return doubts + [f"no image is in {name}" for name in missing if contents.records]
