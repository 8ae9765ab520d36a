"""Lists of patches: manifests, official lists, what `select` writes, and names of any kind."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.datasets import DATASETS, SEN12MS
from catalog.errors import ManifestError
from catalog.experiment.pickled_names import PickledNamesError, names_in_pickle
from catalog.model import PatchKey
from catalog.store.manifest_file import LISTS, Entry, Manifest
from catalog.store.manifest_reader import read_manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from catalog.datasets import Dataset

_MOST_BYTES: Final = 1 << 30  # a JSON manifest of all of SEN12MS has 100 MB


def read_list(path: str | os.PathLike[str], dataset: Dataset | None = None) -> Manifest:
    """Read a manifest, or a list of patches: ids only, in the order of the file.

    Parameters
    ----------
    path : path
        A manifest; an official list, a name a line or a pickled list (`.txt`, `.pkl`); what
        `select` writes (`.csv`, `.json`, `.geojson`, `.parquet`); or names in the first column of
        a `.csv`, or in a `.json` list.
    dataset : Dataset, optional
        What the patches are of; default: what the columns of a manifest or the names tell, else
        SEN12MS.

    Raises
    ------
    ManifestError
        If there is no such file, a name on it is not a patch, or a manifest was cut off or changed.
    """
    file, datasets = Path(path), [dataset] if dataset else [*DATASETS.values()]
    ending = file.suffix.lower()
    if ending not in _READERS:
        raise ManifestError(f"{file} has no ending of a list of patches: use {', '.join(_READERS)}")
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ManifestError(f"{file} is not a list of patches: it is larger than 1 GiB")
        manifest = None if ending in {*LISTS, ".geojson"} else read_manifest(file, datasets)
        names = [] if manifest else _READERS[ending](file)
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error, pa.ArrowException) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"{file} is not a list of patches: {error}") from error
    return manifest or _manifest_of(names, datasets, str(file))


def _manifest_of(names: list[Any], datasets: Sequence[Dataset], where: str) -> Manifest:
    """The patches of a list, of the first dataset that has all of its names."""
    errors = []
    for dataset in datasets:
        try:
            ids = patch_ids(names, dataset, where=where)
        except ManifestError as error:
            errors.append(error)
        else:
            return Manifest(tuple(map(Entry, ids)), dataset=dataset)
    raise errors[0]


def patch_ids(
    names: Iterable[str], dataset: Dataset = SEN12MS, *, where: str = "the list"
) -> list[str]:
    """Ids of patches that are called by id, file name or path of any sensor; each once.

    Empty lines, and lines that start with `#`, are passed over.

    Raises
    ------
    ManifestError
        If a name is none of these; the message says where it stands.
    """
    if not isinstance(names, Iterable):
        raise ManifestError(f"{names!r} is not a list of patches")
    ids: dict[str, None] = {}
    for number, text in enumerate(names, 1):
        name = text.strip() if isinstance(text, str) else repr(text)
        if not name or name.startswith("#"):
            continue
        known = _patch_id(name, dataset)
        if known is None:
            example = dataset.patch_id(PatchKey(next(iter(dataset.seasons)), 1, 30))
            raise ManifestError(
                f"{where}, line {number}: {name[:80]!r} is not a patch; write ids ({example}), "
                "file names or paths"
            )
        ids[known] = None
    return list(ids)


def _patch_id(name: str, dataset: Dataset) -> str | None:
    file = name.replace("\\", "/").rpartition("/")[2]
    parsed = dataset.parse_name(file)
    key = parsed[0] if parsed else dataset.parse_id(file)
    return key and dataset.patch_id(key)


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()


def _text(file: Path) -> str:
    text = file.read_text("utf-8-sig")
    if "\0" in text:
        raise ManifestError(f"{file} is not a list of patches: it is not a text")
    return text


def _first_cells(file: Path) -> list[str]:
    """Names in the column `id`, or else in the first; as many as there are rows."""
    rows = list(csv.reader(StringIO(_text(file), newline="")))
    if not any(row and not row[0].startswith("#") for row in rows):
        raise ManifestError(f"{file} is not a list of patches: it is empty")
    position = 0
    if "id" in rows[0]:
        position = rows[0].index("id")
        rows[0] = []
    return [row[position] if position < len(row) else "" for row in rows]


def _from_json(file: Path) -> list[Any]:
    """Texts, or the `id` of objects, in a list or in a GeoJSON collection."""
    content = orjson.loads(file.read_bytes())
    names = content.get("features") if isinstance(content, dict) else content
    if not isinstance(names, list):
        raise ManifestError(f"{file} is neither a manifest nor a list of patches")
    return [name.get("id") if isinstance(name, dict) else name for name in names]


def _ids_in_table(file: Path) -> list[Any]:
    with pq.ParquetFile(file) as table:
        if "id" not in table.schema_arrow.names:
            raise ManifestError(f"{file} is not a list of patches: it has no column `id`")
        ids: list[Any] = table.read(columns=["id"]).column("id").to_pylist()
    return ids


def _names_in_pickle(file: Path) -> list[str]:
    try:
        return names_in_pickle(file.read_bytes())
    except PickledNamesError as error:
        raise ManifestError(f"{file} is not a pickled list of names: {error}") from error


_READERS: Final[Mapping[str, Callable[[Path], list[Any]]]] = {
    ".parquet": _ids_in_table,
    ".csv": _first_cells,
    ".json": _from_json,
    ".geojson": _from_json,
    ".txt": _lines,
    ".pkl": _names_in_pickle,
}
