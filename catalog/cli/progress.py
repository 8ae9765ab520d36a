"""Progress bars on a terminal; silence elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.cli.talk import is_quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task, TaskID
    from rich.text import Text

    from catalog.indexing.run import Progress as Told

_PHASES = {
    "make": ("making files", "files"),
    "unpack": ("unpacking", "MB"),
    "read": ("reading", "files"),
    "extract": ("extracting", "MB"),
    "write": ("writing", "patches"),
    "publish": ("uploading", "MB"),
    "check": ("checking", "patches"),
}


class _Speed(TextColumn):
    """Work per second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed or 0
        self.text_format = f"{speed:,.0f} {task.fields['unit']}/s"
        return super().render(task)


@contextmanager
def progress_bars() -> Iterator[Told]:
    """A function that `index` can tell how far it is; it draws a bar a phase on standard error."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description:<13}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[rejects]}"),
        console=console,
        disable=is_quiet() or not console.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def tell(phase: str, done: int, total: int, rejected: int) -> None:
        title, unit = _PHASES[phase]
        if phase not in tasks:
            tasks[phase] = bars.add_task(title, total=total, unit=unit, rejects="")
        rejects = f"{rejected} rejected" if rejected else ""
        bars.update(tasks[phase], completed=done, total=total, rejects=rejects)

    with bars:
        yield tell
