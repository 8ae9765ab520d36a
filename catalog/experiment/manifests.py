"""Manifests at work: verified, compared, and loaded back into a selection."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.datasets import SEN12MS
from catalog.datasets.legacy import SENSORS, patch_ids
from catalog.errors import CatalogNotFoundError
from catalog.experiment.lists import read_list
from catalog.model import Finding
from catalog.query.conditions import names_of
from catalog.reading.catalog import Catalog
from catalog.source.tree import list_trees
from catalog.store.manifest_file import Manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from catalog.reading.selection import Selection
    from catalog.store.manifest_file import Entry

    Source = Manifest | str | os.PathLike[str]
    """A manifest, or the path of one or of an official list."""
    Sizes = dict[str, dict[str, int]]
    """Bytes by id and sensor."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a second manifest differs from a first; false if it does not."""

    removed: tuple[str, ...]
    """Ids in the first alone."""
    added: tuple[str, ...]
    """Ids in the second alone."""
    moved: tuple[str, ...]
    """Ids in both, but in different parts of a split."""
    resized: tuple[str, ...]
    """Ids in both, with files of different sizes."""
    made: tuple[str, ...]
    """What made them differently: names in the header."""

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.moved or self.resized or self.made)


def opened(source: Source) -> Manifest:
    """A manifest, read if it is a path.

    Raises
    ------
    ManifestError
        If the file is no manifest or list.
    """
    return source if isinstance(source, Manifest) else read_list(source)


def load(source: Source, catalog: Catalog, *, split: str | None = None) -> Selection:
    """The patches of a manifest or list, as a selection from a catalog.

    Parameters
    ----------
    source : Manifest or path
        What to load.
    catalog : Catalog
        Where the patches are now.
    split : str, optional
        Only this part.

    Raises
    ------
    ManifestError
        If the file is no manifest or list.
    FilterError
        If it has no such part, or the catalog does not have one of its patches.
    """
    manifest = opened(source)
    if split is None:
        return catalog.pick(manifest.ids)
    names_of("part", split, sorted({entry.split for entry in manifest.entries if entry.split}))
    return catalog.pick(entry.id for entry in manifest.entries if entry.split == split)


def verify(source: Source, against: Catalog | str | os.PathLike[str]) -> list[Finding]:
    """Whether all that a manifest names is there, with the recorded sizes.

    Parameters
    ----------
    source : Manifest or path
        What to verify.
    against : Catalog or path
        A catalog, or a folder with the files of the dataset, nested in any way.

    Returns
    -------
    list of Finding
        What is missing or different, in the order of the manifest; none if all is well.

    Raises
    ------
    ManifestError
        If the file is no manifest or list.
    CatalogNotFoundError
        If there is no such folder.
    """
    manifest = opened(source)
    sizes = _sizes_in_catalog(against) if isinstance(against, Catalog) else _sizes_below(against)
    findings = list(_compared(manifest.entries, sizes))
    if manifest.recorded_sha256 not in {None, manifest.sha256}:
        findings.insert(0, Finding("the manifest", "was changed: its SHA-256 is another"))
    return findings


def _sizes_in_catalog(catalog: Catalog) -> Sizes:
    return {entry.id: _recorded(entry) for entry in catalog.select().manifest().entries}


def _sizes_below(folder: str | os.PathLike[str]) -> Sizes:
    root = Path(folder)
    if not root.is_dir():
        raise CatalogNotFoundError(f"there is no folder {root}: name a catalog or the dataset")
    sizes: Sizes = {}
    for scene, sensor in product(list_trees([root], SEN12MS).scenes.values(), SENSORS):
        files = scene.of_sensor(SEN12MS, sensor)
        for patch, size in zip(patch_ids(scene.key, files.numbers), files.sizes, strict=True):
            sizes.setdefault(patch, {})[sensor] = int(size)
    return sizes


def _recorded(entry: Entry) -> dict[str, int]:
    """Bytes by sensor of the files that an entry names."""
    pairs = zip(SENSORS, entry.sizes, strict=True)
    return {sensor: size for sensor, size in pairs if size is not None}


def _compared(entries: tuple[Entry, ...], sizes: Sizes) -> Iterator[Finding]:
    for entry in entries:
        found = sizes.get(entry.id)
        if found is None:
            yield Finding(entry.id, "is missing")
            continue
        for sensor, size in _recorded(entry).items():
            if sensor not in found:
                yield Finding(entry.id, f"has no {sensor}")
            elif found[sensor] != size:
                yield Finding(
                    entry.id, f"has {found[sensor]:,} bytes of {sensor} where {size:,} are recorded"
                )


def diff(first: Source, second: Source) -> Difference:
    """How a second manifest differs from a first, whatever the order of their patches.

    Raises
    ------
    ManifestError
        If a file is no manifest or list.
    """
    one, two = opened(first), opened(second)
    before, after = ({entry.id: entry for entry in manifest.entries} for manifest in (one, two))
    both = [name for name in before if name in after]
    fields = dict.fromkeys([*one.made, *two.made])
    return Difference(
        removed=tuple(name for name in before if name not in after),
        added=tuple(name for name in after if name not in before),
        moved=tuple(name for name in both if before[name].split != after[name].split),
        resized=tuple(name for name in both if before[name].sizes != after[name].sizes),
        made=tuple(name for name in fields if one.made.get(name) != two.made.get(name)),
    )
