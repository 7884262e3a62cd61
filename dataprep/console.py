"""What people see in a terminal: progress on stderr, tables on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from dataprep.store.content import LedgerRow

out = Console()
err = Console(stderr=True)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Items a second."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")


class Reporter:
    """A callable (done, in all) that moves a bar."""

    def __init__(self, progress: Progress, doing: str, name: str) -> None:
        self._progress = progress
        self._name = name
        self._doing = ""
        self._task = progress.add_task("", total=None)
        self._begin(doing)

    def _begin(self, doing: str) -> None:
        if doing != self._doing:
            self._doing = doing
            self._progress.reset(self._task, description=f"{doing} {self._name}")

    def __call__(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._progress.update(self._task, completed=done, total=total)

    def stage(self, doing: str, done: int, total: int) -> None:
        """Moves the bar of one of several stages; each begins at nothing."""
        self._begin(doing)
        self(done, total)


@contextmanager
def progress(doing: str, name: str) -> Iterator[Reporter]:
    """A progress bar with count, rate and time left; nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield Reporter(bar, doing, name)


def table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A table of names and values."""
    grid = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2, 0, 0)
    )
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    out.print(grid)


def columns(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with headings; the first column left, the others right."""
    grid = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    for index, heading in enumerate(headings):
        grid.add_column(Text(heading), justify="right" if index else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    out.print(grid)


def ledger(rows: Iterable[LedgerRow]) -> None:
    """A line an input, with its notes below it; control characters of names are escaped."""
    for row in rows:
        reason = f"{row.status}: {row.reason}" if row.reason else row.status
        line = Text.assemble((f"{reason:32}", "dim" if row.status == "accepted" else "bold"), " ", printable(row.key))
        out.print(line, soft_wrap=True)
        lost = f"labels lost: {counts(row.dropped)}" if row.dropped else ""
        alike = f"looks like {row.near}" if row.near and row.near != row.key else ""
        for more in filter(None, (row.note, ", ".join(row.notes), lost, alike)):
            out.print(Text(f"{'':32} {printable(more)}", "dim"), soft_wrap=True)


def printable(text: str) -> str:
    r"""Text that can't move the cursor or break a line.

    >>> printable("a\nb"), printable("naïve")
    ('a\\nb', 'naïve')
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def counts(values: Mapping[str, int]) -> str:
    """``a 3, b 4``; a dash for nothing."""
    return ", ".join(f"{name} {count:,}" for name, count in values.items()) or "-"


def size(count: int) -> str:
    """Bytes for people.

    >>> size(999), size(5402624)
    ('999 B', '5.2 MiB')
    """
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
