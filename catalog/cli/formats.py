"""How selections and answers are printed; what makes tables is imported for them alone."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyRelation

    from catalog.reading.selection import Selection

FORMATS: Final = (
    *("table", "paths", "ids", "csv", "json", "geojson", "parquet", "gpkg", "flatgeobuf"),
    "stac-geoparquet",
)
"""How a selection is printed, or written to a file."""
ANSWERS: Final = ("table", "csv", "json", "parquet")
"""How the answer of a query is printed."""
_OF_ENDING: Final = {
    ".txt": "paths",
    ".csv": "csv",
    ".json": "json",
    ".geojson": "geojson",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".gpkg": "gpkg",
    ".fgb": "flatgeobuf",
}
_FILES_ONLY: Final = ("parquet", "gpkg", "flatgeobuf", "stac-geoparquet")
"""Formats that are not text."""


def checked_target(
    format_: str | None, output: str | None, known: Sequence[str]
) -> tuple[str, str | None]:
    """The format and the file, from `--format` and `-o`; no file means standard output.

    Raises
    ------
    click.UsageError
        If the ending of the file names none of the known formats, or one that is not text would be
        printed.
    """
    output = None if output == "-" else output
    if format_ is None:
        format_ = known[0] if output is None or _is_device(output) else _format_of(output, known)
    if output is None and format_ in _FILES_ONLY:
        raise click.UsageError(f"--format {format_} is not text: name a file with -o")
    return format_, output


def _is_device(output: str) -> bool:
    return Path(output).exists() and not Path(output).is_file()


def _format_of(output: str, known: Sequence[str]) -> str:
    format_ = _OF_ENDING.get(Path(output).suffix.lower())
    if format_ not in known:
        endings = [ending for ending, name in _OF_ENDING.items() if name in known]
        raise click.UsageError(
            f"-o {output} has no ending of a known format: give --format, or use "
            f"{', '.join(endings)}"
        )
    return str(format_)


def write_selection(
    selection: Selection, format_: str | None, output: str | None, sensors: Sequence[str]
) -> None:
    """Print a selection, or write it to a file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    format_, output = checked_target(format_, output, FORMATS)
    if output is not None and format_ in _FILES_ONLY:
        _write_file(selection, format_, output)
        return
    with target_file(output) as file:
        if format_ in ("paths", "ids"):
            lines = selection.paths(*sensors) if format_ == "paths" else selection.ids
            file.writelines(f"{line}\n" for line in lines)
            return
        from catalog.cli import rows

        if format_ == "csv":
            rows.write_csv(selection.relation(), file)
        elif format_ == "table":
            rows.write_table(selection, file)
        else:
            rows.write_json(selection.relation(), file, geojson=format_ == "geojson")


def _write_file(selection: Selection, format_: str, output: str) -> None:
    if format_ == "stac-geoparquet":
        selection.to_stac_geoparquet(output)
    elif format_ == "parquet":
        selection.to_parquet(output)
    else:
        selection.to_file(output)


def write_answer(answer: DuckDBPyRelation, format_: str | None, output: str | None) -> None:
    """Print the answer of a query, or write it to a file; rows stream through, but for a table.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    from catalog.cli import rows

    format_, output = checked_target(format_, output, ANSWERS)
    if output is not None and format_ == "parquet":
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
