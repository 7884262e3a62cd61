"""The formats that recognise themselves in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataprep.errors import SourceError, near
from dataprep.inputs import Refusal
from dataprep.sources import sources
from dataprep.survey import Suggestion, Survey

# A format that is this much less likely than the best one may still be the right one.
_CLOSE = 0.2
# Kinds of files that are named where nothing is recognised.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format, and what it recognises."""

    format: str
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Candidates:
    """The formats that a folder may be in.

    Attributes:
        chosen: the one to take.
        others: the rest, the most likely first.
        problems: sentences of what could not be looked at.
    """

    chosen: Candidate
    others: tuple[Candidate, ...]
    problems: tuple[str, ...] = ()

    def close(self) -> tuple[Candidate, ...]:
        """Those that are nearly as likely as the chosen one, or likelier."""
        least = self.chosen.suggestion.confidence - _CLOSE
        return tuple(one for one in self.others if one.suggestion.confidence >= least)


def candidates(survey: Survey, refusals: Sequence[Refusal], wanted: str | None = None) -> Candidates:
    """Asks every format what it recognises.

    Args:
        survey: of the folder.
        refusals: files in it that are of no use.
        wanted: the format that has been chosen already; None for the most likely one.

    Raises:
        SourceError: no format recognises anything, or the wanted one does not.
    """
    if wanted is not None and wanted not in sources():
        raise SourceError(f"no format is called {wanted!r}{near(wanted, sources())}")
    found, problems = [], []
    for name, source in sources().items():
        try:
            suggestion = source.recognise(survey)
        except SourceError as error:
            problems.append(f"{name} could not look: {error}")
        else:
            found += [Candidate(name, suggestion)] if suggestion is not None else []
    # Of two that are equally likely, the first by name: what is written must not change from run to run.
    found.sort(key=lambda one: (-one.suggestion.confidence, one.format))
    chosen = next((one for one in found if wanted in (None, one.format)), None)
    if chosen is None:
        raise SourceError(_nothing(survey, refusals, found, wanted, problems))
    return Candidates(chosen, tuple(one for one in found if one is not chosen), tuple(problems))


def _nothing(
    survey: Survey, refusals: Sequence[Refusal], found: Sequence[Candidate], wanted: str | None, problems: list[str]
) -> str:
    if not survey.files:
        return f"{survey.root}: no files are in it{_left_out(refusals)}; name the folder that holds the images"
    if wanted is not None and found:
        names = ", ".join(one.format for one in found)
        return f"{survey.root}: {wanted} recognises nothing here; recognised: {names}"
    what = f"{wanted} recognises nothing here" if wanted else f"no format is recognised; known: {', '.join(sources())}"
    more = "".join(f"; {problem}" for problem in problems)
    packed = [name for name in survey.files if name.lower().endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"))]
    if packed:
        more += f"; {packed[0]} can't be read in place, unpack it to a .tar (gunzip)"
    return (
        f"{survey.root}: {what}; found {kinds_of_files(survey)}{_left_out(refusals)}{more}; name the folder that holds "
        "images and annotations, or write the manifest by hand (README.md, Your own data)"
    )


def kinds_of_files(survey: Survey) -> str:
    """How many files end in what, the most frequent first.

    >>> from pathlib import Path
    >>> kinds_of_files(Survey(Path(), dict.fromkeys(["a.jpg", "b.jpg", "c.XML", "README"], "")))
    '2 .jpg, 1 .xml, 1 without a suffix'
    """
    ranked = sorted(survey.suffixes.items(), key=lambda one: (-one[1], not one[0], one[0]))
    shown = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in ranked[:_SHOWN]]
    rest = sum(count for _, count in ranked[_SHOWN:])
    return ", ".join([*shown, f"{rest:,} others"] if rest else shown)


def _left_out(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return ""
    one = refusals[0]
    return f" but {len(refusals):,} of no use, such as {one.key} ({one.reason})"
