"""What people see in a terminal: progress on stderr, tables on stdout."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

# Rich takes as long to import as to list 10,000 files: not where there is a small table, or nothing to wait for.
if TYPE_CHECKING:
    from rich.progress import Progress

    from dataprep.store.content import LedgerRow

# What is done sooner needs no bar.
_PATIENCE_SECONDS = 0.3


class Reporter:
    """A callable (done, in all) that moves a bar, once there is something to wait for."""

    def __init__(self, until: ExitStack, doing: str, name: str, *, shown: bool) -> None:
        self._until = until
        self._name = name
        self._doing = doing
        self._shown = shown
        self._began = time.monotonic()
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Moves the bar."""
        if not self._shown:
            return
        if self._bar is None:
            if time.monotonic() < self._began + _PATIENCE_SECONDS:
                return
            self._bar = self._until.enter_context(_bar())
            self._bar.add_task("")
            self._begin()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def stage(self, doing: str, done: int, total: int) -> None:
        """Moves the bar of one of several stages; each begins at nothing."""
        if doing != self._doing:
            self._doing = doing
            self._begin()
        self(done, total)

    def _begin(self) -> None:
        if self._bar is not None:
            self._bar.reset(self._bar.task_ids[0], description=f"{self._doing} {self._name}")


@contextmanager
def progress(doing: str, name: str) -> Iterator[Reporter]:
    """A progress bar with count, rate and time left; nothing where stderr is no terminal."""
    with ExitStack() as until:
        yield Reporter(until, doing, name, shown=sys.stderr.isatty())


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            """Items a second."""
            return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeLeft())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A table of names and values; these are folded at the terminal's edge."""
    width = max((len(name) for name, _ in rows), default=0)
    room = max(shutil.get_terminal_size().columns - width - 2, 20)
    click.secho(title, bold=True)
    for name, value in rows:
        for index, line in enumerate(textwrap.wrap(printable(value), room, break_on_hyphens=False) or [""]):
            click.echo(click.style(f"{'' if index else name:{width}}", dim=True) + f"  {line}".rstrip())


def columns(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with headings; the first column left, the others right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    for index, heading in enumerate(headings):
        grid.add_column(Text(heading), justify="right" if index else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)


def ledger(rows: Iterable[LedgerRow]) -> None:
    """A line an input, with its notes below it; control characters of names are escaped."""
    from rich.console import Console
    from rich.text import Text

    out = Console()
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
