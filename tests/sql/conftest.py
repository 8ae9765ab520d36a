"""Answers as text for golden files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import shapely

if TYPE_CHECKING:
    import duckdb

    from tests.conftest import Small

SHOWN = 5
"""Rows of an answer that a golden file holds; the number of all is in its last line."""


@dataclass(frozen=True)
class Answers:
    """Answers as CSV that is the same on every machine."""

    root: str

    def text(self, answer: duckdb.DuckDBPyRelation) -> str:
        """The first rows, rounded, with paths below the dataset's root."""
        rows = answer.fetchall()
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([self._cell(value) for value in row] for row in rows[:SHOWN])
        file.write(f"{len(rows)} rows\n")
        return file.getvalue().replace(self.root, "SEN12MS")

    def _cell(self, value: Any) -> str:
        if value is None:
            return ""
        plain = _rounded(value)
        return json.dumps(plain, default=str) if isinstance(plain, (dict, list)) else str(plain)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    if isinstance(value, bytes):
        return shapely.to_wkt(shapely.from_wkb(value), rounding_precision=4)
    return value


@pytest.fixture(scope="module")
def answers(small: Small) -> Answers:
    return Answers(str(small.root))
