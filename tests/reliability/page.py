"""The page of figures: each command replaces the rows that it measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"


def write_table(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]], note: str, page: Path = PAGE
) -> None:
    """Replace the table between the markers of a name; numbers get separators of thousands."""
    lines = [_line(header), f"|---|{'--:|' * (len(header) - 2)}---|", *map(_line, rows)]
    text = "\n".join([*lines, "", f"{datetime.now(UTC):%Y-%m-%d}; {note}"])
    begin, end = f"<!-- {name}: written by `make {name}` -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page} has no markers for {name}")
    page.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")


def _line(cells: Sequence[object]) -> str:
    texts = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return f"| {' | '.join(texts)} |"
