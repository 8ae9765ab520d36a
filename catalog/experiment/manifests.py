"""Manifests at work: verified, compared, and loaded back into a selection."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogNotFoundError, FilterError
from catalog.experiment.lists import read_list
from catalog.model import Finding
from catalog.query.suggest import unknown_name
from catalog.reading.catalog import Catalog
from catalog.source.tree import list_trees
from catalog.store.manifest_file import Manifest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from catalog.datasets import Dataset
    from catalog.reading.selection import Selection
    from catalog.store.manifest_file import Entry

    ManifestOrPath = Manifest | str | os.PathLike[str]
    """A manifest, or the path of one or of a list, as `read_list` takes it."""
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


def _opened(source: ManifestOrPath, dataset: Dataset | None) -> Manifest:
    return source if isinstance(source, Manifest) else read_list(source, dataset)


def load(source: ManifestOrPath, catalog: Catalog, *, split: str | None = None) -> Selection:
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
        If the file is not a manifest or list, or was cut off or changed.
    FilterError
        If it has no such part, or the catalog does not have one of its patches.
    """
    manifest = _opened(source, catalog.dataset)
    if split is None:
        return catalog.pick(manifest.ids)
    parts = sorted({entry.split for entry in manifest.entries if entry.split})
    if not parts:
        raise FilterError(f"there is no part {split!r}: the list has no parts, only patches")
    if split not in parts:
        raise FilterError(unknown_name("part", split, parts))
    return catalog.pick(entry.id for entry in manifest.entries if entry.split == split)


def verify(
    source: ManifestOrPath,
    against: Catalog | str | os.PathLike[str],
    *,
    dataset: Dataset | None = None,
) -> list[Finding]:
    """Whether all that a manifest names is there, with the recorded sizes.

    Parameters
    ----------
    source : Manifest or path
        What to verify.
    against : Catalog or path
        A catalog, or a folder with the files of the dataset, nested in any way.
    dataset : Dataset, optional
        What is in the folder; default: that of the manifest. Of a catalog it is known.

    Returns
    -------
    list of Finding
        What is missing or different, in the order of the manifest; none if all is well.

    Raises
    ------
    ManifestError
        If the file is not a manifest or list, or was cut off or changed.
    CatalogNotFoundError
        If there is no such folder.
    """
    if isinstance(against, Catalog):
        manifest = _opened(source, against.dataset)
        sizes = _sizes_in_catalog(against)
    else:
        manifest = _opened(source, dataset)
        sizes = _sizes_below(against, dataset or manifest.dataset)
    return list(_compared(manifest.entries, sizes))


def _sizes_in_catalog(catalog: Catalog) -> Sizes:
    return {entry.id: entry.sizes for entry in catalog.select().manifest().entries}


def _sizes_below(folder: str | os.PathLike[str], dataset: Dataset) -> Sizes:
    root = Path(folder)
    if not root.is_dir():
        raise CatalogNotFoundError(f"there is no folder {root}: name a catalog or the dataset")
    sizes: Sizes = {}
    for scene, sensor in product(list_trees([root], dataset).scenes.values(), dataset.sensors):
        files = scene.of_sensor(dataset, sensor)
        ids = dataset.patch_ids(scene.key, files.numbers)
        for patch, size in zip(ids, files.sizes, strict=True):
            sizes.setdefault(patch, {})[sensor] = int(size)
    return sizes


def _compared(entries: tuple[Entry, ...], sizes: Sizes) -> Iterator[Finding]:
    for entry in entries:
        found = sizes.get(entry.id)
        if found is None:
            yield Finding(entry.id, "is missing")
            continue
        for sensor, size in entry.sizes.items():
            if sensor not in found:
                yield Finding(entry.id, f"has no {sensor}")
            elif found[sensor] != size:
                yield Finding(
                    entry.id, f"has {found[sensor]:,} bytes of {sensor} where {size:,} are recorded"
                )


def diff(
    first: ManifestOrPath, second: ManifestOrPath, *, dataset: Dataset | None = None
) -> Difference:
    """How a second manifest differs from a first, whatever the order of their patches.

    Parameters
    ----------
    first, second : Manifest or path
        What to compare.
    dataset : Dataset, optional
        What the patches of files are of; default: what each file tells.

    Raises
    ------
    ManifestError
        If a file is not a manifest or list, or was cut off or changed.
    """
    one, two = _opened(first, dataset), _opened(second, dataset)
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
