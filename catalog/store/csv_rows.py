"""CSV that every reader reads back: rows end in a line feed, and all line breaks are quoted."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Writer
    from typing import IO


class _LineFeeds:
    """Ends rows in a line feed: csv quotes carriage returns only where rows end in one."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def csv_writer(file: IO[str]) -> Writer:
    """A writer of rows, as of the module `csv`."""
    return csv.writer(_LineFeeds(file))
