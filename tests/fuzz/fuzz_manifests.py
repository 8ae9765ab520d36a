"""Manifests and lists, damaged: refused, or the same patches as were recorded."""

from __future__ import annotations

import csv
import io
import pickle
import re
from typing import TYPE_CHECKING, Any, Final

from mutations import mutate
from outcome import Outcome
from small import write_small

from catalog import Catalog
from catalog.errors import ManifestError
from catalog.experiment import read_list

if TYPE_CHECKING:
    import random
    from pathlib import Path

_ENDINGS: Final = (".parquet", ".csv", ".json", ".txt", ".pkl")
_NAME: Final = re.compile(r"(ROIs\d{4}_[a-z]+)_(?:(?:s1|s2|lc)_)?(\d+)_(p\d+)(?:\.tif)?")


class Manifests:
    """Formats with a digest never change silently; lists say what their names say."""

    name = "manifests"
    what = "manifests in five formats; oracles: the recorded patches, the names in the list"
    share = 2

    def __init__(self, folder: Path) -> None:
        _, out = write_small(folder)
        self.folder = folder
        with Catalog.open(out) as catalog:
            selection = catalog.select()
            manifest = selection.manifest()
            self.ids, self.sizes = manifest.ids, [entry.sizes for entry in manifest.entries]
            self.good = {}
            for ending in _ENDINGS:
                path = folder / f"good{ending}"
                selection.save(path)
                self.good[ending] = path.read_bytes()
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """One mutant of one format."""
        ending = draw.choice(_ENDINGS)
        self.evidence = mutate(self.good[ending], draw).data
        path = self.folder / f"mutant{ending}"
        path.write_bytes(self.evidence)
        try:
            manifest = read_list(path)
        except ManifestError:
            return Outcome()
        if ending in {".txt", ".pkl"} or (ending == ".csv" and not manifest.made):
            same = manifest.ids == _ids(_names(ending, self.evidence))
            return Outcome(1, 1, "" if same else f"{ending}: the list has other names")
        same = manifest.ids == self.ids and [e.sizes for e in manifest.entries] == self.sizes
        return Outcome(1, 1, "" if same else f"{ending}: the patches changed silently")


def _names(ending: str, data: bytes) -> list[str]:
    """The names of a list, without running anything in it; a manifest may be damaged to a list."""
    if ending == ".csv":
        return [row[0] for row in csv.reader(io.StringIO(data.decode(), newline="")) if row]
    if ending == ".txt":
        return data.decode().splitlines()
    names: list[str] = [str(name) for name in _Plain(io.BytesIO(data)).load()]
    return names


def _ids(names: list[str]) -> list[str]:
    """The patches that names of files of any sensor, paths or ids stand for, each once."""
    told = [name.strip() for name in names]
    found = [
        _NAME.fullmatch(re.split(r"[/\\]", name)[-1]) for name in told if name and name[0] != "#"
    ]
    return list(dict.fromkeys("_".join(match.groups()) if match else "?" for match in found))


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not a plain value")
