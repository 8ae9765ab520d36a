"""Manifests: a subset in one file, so that others can have the same."""

from __future__ import annotations

import csv
import hashlib
import pickle
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import ManifestError
from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

VERSION: Final = 1
"""Of the format: a reader of another one refuses it."""
FORMATS: Final = (".parquet", ".csv", ".json", ".txt", ".pkl")
"""The last two are the official lists: names of files, and nothing else."""
LISTS: Final = frozenset({".txt", ".pkl"})

_KEY: Final = b"sen12ms-manifest"
_NUMPY: Final = orjson.OPT_SERIALIZE_NUMPY  # a seed, for one, may come from numpy
_PICKLE_PROTOCOL: Final = 2  # that of the official lists


class Entry(NamedTuple):
    """One patch of a manifest; None for what a list of names does not tell, or a missing file."""

    id: str
    """`ROIs1158_spring_1_p30`."""
    split: str | None = None
    """The part that it is in: of a split that was made, else the official one."""
    s1: str | None = None
    """Path of its Sentinel-1 file."""
    s2: str | None = None
    """Path of its Sentinel-2 file."""
    lc: str | None = None
    """Path of its land-cover file."""
    s1_bytes: int | None = None
    """Size of its Sentinel-1 file."""
    s2_bytes: int | None = None
    """Size of its Sentinel-2 file."""
    lc_bytes: int | None = None
    """Size of its land-cover file."""

    @property
    def sizes(self) -> tuple[int | None, int | None, int | None]:
        """Bytes of the three files."""
        return self.s1_bytes, self.s2_bytes, self.lc_bytes

    @property
    def official_name(self) -> str:
        """What the official lists call it: `ROIs1158_spring_s2_1_p30.tif`."""
        season, scene, patch = self.id.rsplit("_", 2)
        return f"{season}_s2_{scene}_{patch}.tif"


@dataclass(frozen=True)
class Manifest:
    """A subset: which patches and files, and how they were chosen."""

    entries: tuple[Entry, ...]
    """The patches, in order."""
    made: Mapping[str, Any] = field(default_factory=dict)
    """`package`, `catalog`, `filter`, `steps`, `sql`: what made it; empty for a list of names."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Patches by `season` and `dominant_cover`."""
    recorded_sha256: str | None = None
    """The digest in the file that it was read from."""

    @property
    def ids(self) -> list[str]:
        """Ids of the patches, in order."""
        return [entry.id for entry in self.entries]

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(size for entry in self.entries for size in entry.sizes if size is not None)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of a line a patch, `id s1_bytes s2_bytes lc_bytes`, with `-` for no file."""
        digest = hashlib.sha256()
        for entry in self.entries:
            sizes = " ".join("-" if size is None else str(size) for size in entry.sizes)
            digest.update(f"{entry.id} {sizes}\n".encode())
        return digest.hexdigest()

    def header(self) -> dict[str, Any]:
        """All but the entries."""
        return {
            "manifest": VERSION,
            **self.made,
            "patches": len(self.entries),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "counts": self.counts,
        }


def manifest_from_rows(
    rows: Iterable[Mapping[str, Any]], made: Mapping[str, Any], part: str | None
) -> Manifest:
    """The manifest of rows of `sql/queries/chosen_files.sql`."""
    rows = list(rows)
    entries = tuple(
        Entry(**{name: row[name] for name in Entry._fields} | ({"split": part} if part else {}))
        for row in rows
    )
    return Manifest(entries, made, _counts(rows))


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    rows = list(rows)
    counts = {
        name: Counter(str(row[name] or "unknown") for row in rows)
        for name in ("season", "dominant_cover")
    }
    return {name: dict(sorted(found.items())) for name, found in counts.items()}


def merged(manifests: Iterable[Manifest], made: Mapping[str, Any]) -> Manifest:
    """Several manifests as one, their entries in order of the parts."""
    manifests = list(manifests)
    counts: dict[str, Counter[str]] = {}
    for manifest in manifests:
        for name, found in manifest.counts.items():
            counts.setdefault(name, Counter()).update(found)
    entries = tuple(entry for manifest in manifests for entry in manifest.entries)
    return Manifest(entries, made, {name: dict(sorted(n.items())) for name, n in counts.items()})


def write_manifest(manifest: Manifest, path: str | os.PathLike[str]) -> None:
    """Write a manifest in the format that its ending names: the same bytes for the same subset.

    Raises
    ------
    ManifestError
        If the ending is none of `FORMATS`.
    OutputError
        If the file cannot be written.
    """
    target = Path(path)
    encode = _ENCODERS[checked_format(target)]
    with whole_file(target) as partial:
        partial.write_bytes(encode(manifest))


def checked_format(path: Path) -> str:
    """The ending of a manifest's path.

    Raises
    ------
    ManifestError
        If it is none of `FORMATS`.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ManifestError(
            f"{path} is no manifest by its name: end it in {', '.join(FORMATS[:-1])} or .pkl"
        )
    return ending


def _parquet(manifest: Manifest) -> bytes:
    arrays = [
        pa.array([entry[position] for entry in manifest.entries], kind)
        for position, kind in enumerate(_TYPES)
    ]
    header = orjson.dumps(manifest.header(), option=_NUMPY)
    schema = pa.schema(zip(Entry._fields, _TYPES, strict=True), metadata={_KEY: header})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    return bytes(sink.getvalue())


_TYPES: Final = tuple(
    pa.int64() if name.endswith("_bytes") else pa.string() for name in Entry._fields
)


def _csv(manifest: Manifest) -> bytes:
    text = StringIO()
    text.write(f"# {orjson.dumps(manifest.header(), option=_NUMPY).decode()}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Entry._fields)
    writer.writerows(manifest.entries)
    return text.getvalue().encode()


def _json(manifest: Manifest) -> bytes:
    header = orjson.dumps(manifest.header(), option=_NUMPY | orjson.OPT_INDENT_2)
    head = header.removesuffix(b"\n}")
    lines = b",\n".join(b"    " + orjson.dumps(entry._asdict()) for entry in manifest.entries)
    return head + b',\n  "entries": [\n' + lines + b"\n  ]\n}\n"


def _txt(manifest: Manifest) -> bytes:
    return "".join(f"{entry.official_name}\n" for entry in manifest.entries).encode()


def _pkl(manifest: Manifest) -> bytes:
    return pickle.dumps([entry.official_name for entry in manifest.entries], _PICKLE_PROTOCOL)


_ENCODERS: Final[Mapping[str, Callable[[Manifest], bytes]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".json": _json,
    ".txt": _txt,
    ".pkl": _pkl,
}


def read_manifest(path: Path) -> Manifest:
    """Read a manifest that `write_manifest` wrote; not one of the `LISTS`.

    Raises
    ------
    ManifestError
        If the file is no manifest.
    """
    decode = _DECODERS[checked_format(path)]
    try:
        header, entries = decode(path)
        if header.pop("manifest") != VERSION:
            raise ManifestError(f"{path} is of another version: read it with a newer release")
        recorded = str(header.pop("sha256"))
        counts = header.pop("counts")
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"{path} is no manifest: {error}") from error
    made = {name: value for name, value in header.items() if name not in {"patches", "bytes"}}
    return Manifest(tuple(entries), made, counts, recorded)


def _from_parquet(path: Path) -> tuple[dict[str, Any], list[Entry]]:
    table = pq.read_table(path)
    header = orjson.loads((table.schema.metadata or {})[_KEY])
    columns = [table.column(name).to_pylist() for name in Entry._fields]
    return header, [Entry(*row) for row in zip(*columns, strict=True)]


def _from_csv(path: Path) -> tuple[dict[str, Any], list[Entry]]:
    with path.open(encoding="utf-8", newline="") as file:
        header = orjson.loads(file.readline().removeprefix("#"))
        names, *rows = csv.reader(file)
    if tuple(names) != Entry._fields:
        raise ManifestError(f"{path} is no manifest: its columns are {', '.join(names)}")
    return header, [Entry(*map(_cell, Entry._fields, row)) for row in rows]


def _cell(name: str, text: str) -> Any:
    if not text:
        return None
    return int(text) if name.endswith("_bytes") else text


def _from_json(path: Path) -> tuple[dict[str, Any], list[Entry]]:
    content = orjson.loads(path.read_bytes())
    return content, [Entry(**entry) for entry in content.pop("entries")]


_DECODERS: Final = {".parquet": _from_parquet, ".csv": _from_csv, ".json": _from_json}
