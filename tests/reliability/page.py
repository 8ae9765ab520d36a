"""The page of figures: each command adds what it measured to the rows that are there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Row = Sequence[int | str]

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
_RUNS: Final = "Runs: "


def add_to_table(
    name: str,
    header: Sequence[str],
    rows: Iterable[Row],
    seed: int,
    *,
    fresh: bool = False,
    page: Path = PAGE,
) -> None:
    """Add figures to the table between the markers of a name.

    Numbers of rows with the same first cell add up, other rows stay; so do the names of the runs.

    Parameters
    ----------
    name : str
        The command.
    header : list of str
        Of the columns; a table with others is replaced.
    rows : list of row
        Text, numbers, text.
    seed : int
        What names the run.
    fresh : bool
        Whether to forget what is there.
    page : Path
        The page.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: written by `make {name}` -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    old, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page} has no markers for {name}")
    known, runs = _parsed(old) if _line(header) in old and not fresh else ({}, [])
    for row in rows:
        known[str(row[0])] = _sum(known.get(str(row[0])), row)
    run = f"{datetime.now(UTC):%Y-%m-%d} (seed {seed})"
    runs += [run] if run not in runs else []
    lines = [_line(header), f"|---|{'--:|' * (len(header) - 2)}---|", *map(_line, known.values())]
    table = "\n".join([*lines, "", f"{_RUNS}{', '.join(runs)}."])
    page.write_text(f"{before}{begin}\n{table}\n\n{end}{after}", encoding="utf-8")


def _parsed(table: str) -> tuple[dict[str, Row], list[str]]:
    """Rows by first cell, and names of runs."""
    lines = table.strip().splitlines()
    cells = [line[2:-2].split(" | ") for line in lines[2:] if line.startswith("| ")]
    runs = [line for line in lines if line.startswith(_RUNS)]
    names = runs[0].removeprefix(_RUNS).removesuffix(".").split(", ") if runs else []
    numbers = [[int(cell.replace(",", "")) for cell in row[1:-1]] for row in cells]
    rows = {row[0]: [row[0], *found, row[-1]] for row, found in zip(cells, numbers, strict=True)}
    return rows, names


def _sum(old: Row | None, new: Row) -> Row:
    """The numbers of two rows together, with the texts of the newer one."""
    if old is None:
        return new
    pairs = zip(old, new, strict=True)
    return [b if isinstance(a, str) or isinstance(b, str) else a + b for a, b in pairs]


def _line(cells: Row) -> str:
    texts = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return f"| {' | '.join(texts)} |"
