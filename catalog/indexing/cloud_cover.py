"""The user's table of cloud cover: an id and a percentage a row."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from catalog.errors import FileError
from catalog.store.integrity import file_sha256

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from catalog.datasets import Dataset

_NAMES: Final = ("cloud_cover", "eo:cloud_cover")
"""What the column of percentages may be called."""


class CloudCoverTable(NamedTuple):
    """The table that the cloud cover of patches comes from."""

    path: str
    """Absolute path of a CSV or Parquet file."""
    sha256: str
    """Of its content, in hexadecimal."""


def cloud_cover_table(
    path: str | os.PathLike[str] | None, dataset: Dataset
) -> CloudCoverTable | None:
    """The table of a user, once it is known to be one; None if there is none.

    Raises
    ------
    FileError
        If it cannot be read, says something else than percentages of patches, or the dataset has
        no cloudy images.
    """
    if path is None:
        return None
    if dataset.cloudy is None:
        raise FileError(f"{dataset.about.title} has no cloudy images: leave out {path}")
    absolute = str(Path(path).absolute())
    try:
        table = CloudCoverTable(absolute, file_sha256(Path(absolute)))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(
            f"{path} cannot be read: {reason}; name the table of cloud cover"
        ) from error
    for name in read_cloud_cover(table):
        if dataset.parse_id(name) is None:
            example = dataset.patch_id(dataset.example)
            raise FileError(f"{path}: {name!r} is not an id of a patch: write {example}")
    return table


@lru_cache(maxsize=1)
def read_cloud_cover(table: CloudCoverTable) -> Mapping[str, float | None]:
    """Percent of the cloudy image that is clouds, 0 to 100, by the id of the patch; None if empty.

    Raises
    ------
    FileError
        If a column is missing, a value is not from 0 to 100, or a patch has two of them.
    """
    path = table.path
    found: dict[str, float | None] = {}
    for id_, value in _rows(path):
        name = id_ or ""
        if value is None:
            if name:
                found.setdefault(name, None)
            continue
        if not 0 <= value <= 100:
            raise FileError(
                f"{path}: the cloud cover of {name} is {value:g}, not 0 to 100 percent: "
                "leave unknown ones empty"
            )
        other = found.get(name)
        if other is not None and other != value:
            raise FileError(f"{path} has two values for {name}: {other:g} and {value:g}; leave one")
        found[name] = value
    return found


def cloud_cover_report(
    table: CloudCoverTable | None, columns: Iterable[pa.ChunkedArray]
) -> dict[str, Any] | None:
    """What `report.json` says of the table, from the columns of all scenes."""
    if table is None:
        return None
    values = list(read_cloud_cover(table).values())
    taken, empty = sum(len(column) - column.null_count for column in columns), values.count(None)
    return {
        "source": table.path,
        "sha256": table.sha256,
        "taken": taken,
        "not_in_catalog": len(values) - empty - taken,
        "without_value": empty,
    }


def _rows(path: str) -> list[tuple[str | None, float | None]]:
    """Id and percentage of each row of a file."""
    try:
        table = _read(path)
        names = list(table.column_names)
        percents = [name for name in names if name in _NAMES]
        if names.count("id") == 1 and len(percents) == 1:
            ids = pc.utf8_trim_whitespace(table["id"].cast(pa.string()))
            values = table[percents[0]].cast(pa.float64())
            return list(zip(ids.to_pylist(), values.to_pylist(), strict=True))
    except (OSError, UnicodeError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise FileError(
            f"{path} is not a table of cloud cover: {reason}; write it as CSV or Parquet"
        ) from error
    raise FileError(f"{path} has the columns {', '.join(names)}: name them id and cloud_cover")


def _read(path: str) -> pa.Table:
    if path.lower().endswith(".parquet"):
        return pq.read_table(path)
    texts = pyarrow.csv.ConvertOptions(
        column_types={"id": pa.string()}, strings_can_be_null=True, null_values=["", "null"]
    )
    return pyarrow.csv.read_csv(path, convert_options=texts)
