"""From a folder to a manifest that loads and, as far as a first look can tell, builds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dataprep.build.work import plan_work
from dataprep.draft.candidates import Candidate, Candidates, candidates
from dataprep.draft.contents import Contents, alike_names
from dataprep.draft.division import Division
from dataprep.draft.doubt import Doubt, placed
from dataprep.draft.name import dataset_name
from dataprep.draft.page import Page, options_of
from dataprep.draft.pictures import fitting, look, way_up
from dataprep.draft.trial import doubts as doubts_of_trial
from dataprep.draft.trial import obstacle, try_out
from dataprep.errors import ManifestError, SourceError
from dataprep.inputs import Refusal, walk
from dataprep.manifest import LoadedManifest, check
from dataprep.survey import Survey

# Labels that have places, which depend on the way up.
_PLACED = {"boxes", "keypoints", "polygons", "masks"}


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
    division = Division.of(page.split, work)
    work, contents = division.work, Contents.of(division.work)
    page = _with_contents(page, division, contents)
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


def _with_contents(page: Page, division: Division, contents: Contents) -> Page:
    """What can be said once the source is read."""
    pictures, alike = look(division.work.records), alike_names(division.work.classes)
    annotated, doubt = way_up(pictures) if set(contents.labels) & _PLACED else (None, None)
    return replace(
        page,
        options={**page.options, **({"annotated": annotated} if annotated else {})},
        split=division.section,
        doubts=(*page.doubts, *division.doubts, *(one for one in (doubt, fitting(pictures), alike) if one)),
        classes=division.work.classes,
        frames=division.frames,
        task=contents.task,
        pictures=pictures,
    )
