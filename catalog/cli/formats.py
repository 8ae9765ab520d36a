"""How selections and answers are printed; what makes tables is imported for them alone."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

import click

from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyRelation

    from catalog.reading.selection import Selection

FORMATS: Final = ("table", "paths", "csv", "json", "geojson", "parquet")
ANSWERS: Final = ("table", "csv", "json", "parquet")
"""How the answer of a query is printed."""


def write_selection(
    selection: Selection, format_: str, output: str | None, sensors: Sequence[str]
) -> None:
    """Print a selection, or write it to a file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    if format_ == "parquet":
        if output is None:
            raise click.UsageError("--format parquet is no text: name a file with -o")
        selection.to_parquet(output)
        return
    if format_ == "paths":
        with target_file(output) as file:
            file.writelines(f"{path}\n" for path in selection.paths(*sensors))
        return
    from catalog.cli import rows

    with target_file(output) as file:
        if format_ == "csv":
            rows.write_csv(selection.summary(), file)
        elif format_ == "table":
            rows.write_table(selection, file)
        else:
            rows.write_json(selection.relation(), file, geojson=format_ == "geojson")


def write_answer(answer: DuckDBPyRelation, format_: str, output: str | None) -> None:
    """Print the answer of a query, or write it to a file; rows stream through, but for a table.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from catalog.cli import rows

    if format_ == "parquet":
        if output is None:
            raise click.UsageError("--format parquet is not text: name a file with -o")
        rows.write_parquet(answer, output)
        return
    with target_file(output) as file:
        if format_ == "csv":
            rows.write_csv(answer, file)
        elif format_ == "json":
            rows.write_json(answer, file, geojson=False)
        else:
            rows.write_first(answer, file)


@contextmanager
def target_file(output: str | None) -> Iterator[IO[str]]:
    """Standard output, or a file that appears when it is whole."""
    if output is None:
        yield sys.stdout
        return
    with whole_file(output) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        yield file
