"""Which dataset lies in folders and archives: the sensor that only one of them has tells."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from catalog.datasets import DATASETS
from catalog.datasets.recognition import dataset_of_name, is_of_dfc2020
from catalog.errors import CatalogNotFoundError
from catalog.source.gzip_stream import DamagedError
from catalog.source.tar import entries, is_archive, open_stream
from catalog.source.tree import list_trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.datasets import Dataset
    from catalog.model import Rejected
    from catalog.source.tree import Listing

_ENTRIES: Final = 16
"""Of an archive that are looked at: a published one holds one sensor."""


class Recognised(NamedTuple):
    """What folders hold, and what of."""

    dataset: Dataset
    """What the files are of."""
    listing: Listing
    """The files in the folders."""


def recognised(
    folders: Sequence[str],
    archives: Sequence[str],
    dataset: Dataset | None = None,
    fallback: str | None = None,
) -> Recognised:
    """Find out which dataset lies in folders and archives.

    Parameters
    ----------
    folders, archives : sequence of str
        Absolute paths.
    dataset : Dataset, optional
        What the files are of, where it is known.
    fallback : str, optional
        Id of the dataset of files that several may have; by default the first of all datasets.

    Raises
    ------
    CatalogNotFoundError
        If there are files of several datasets.
    """
    if dataset is not None:
        return Recognised(dataset, list_trees(folders, dataset))
    first = DATASETS[fallback or next(iter(DATASETS))]
    listing = list_trees(folders, first)
    signs: dict[str, str] = {}
    for path in [*_telling_paths(listing, first), *_telling_members(archives)]:
        owner = dataset_of_name(os.path.basename(path))
        if owner is not None:
            signs.setdefault(owner.id, path)
    if len(signs) > 1:
        raise CatalogNotFoundError(_mixed(signs))
    found = DATASETS[next(iter(signs))] if signs else first
    return Recognised(found, listing if found == first else list_trees(folders, found))


def nothing_of(dataset: Dataset, paths: Sequence[str], rejected: Sequence[Rejected]) -> str:
    """Why no catalog is made where no file is one of the dataset."""
    nothing = f"no file of {dataset.about.title} in {', '.join(paths) or 'nothing'}: "
    for entry in rejected:
        if is_of_dfc2020(os.path.basename(entry.path)):
            return f"{nothing}{entry.path} {entry.reason}"
    for path in paths:
        if held := _archives_in(path):
            return f"{nothing}name the archives in it, such as {held[0]}"
    return f"{nothing}names look like {dataset.example_file}"


def _archives_in(path: str) -> list[str]:
    """The archives that lie in a folder, by name."""
    if not os.path.isdir(path):
        return []
    return sorted(entry.path for entry in os.scandir(path) if is_archive(entry.path))


def _telling_paths(listing: Listing, dataset: Dataset) -> Iterator[str]:
    """Files of sensors that other datasets may not have, one a sensor; files of other names."""
    seen = set()
    for files in listing.scenes.values():
        for folder, sensor in files.folders:
            if sensor not in seen:
                seen.add(sensor)
                yield folder + dataset.file_name(dataset.example, sensor)
    yield from (entry.path for entry in listing.rejected)


def _telling_members(archives: Sequence[str]) -> Iterator[str]:
    for archive in archives:
        try:
            stream = open_stream(archive)
        except OSError:
            continue  # Reading it tells why.
        try:
            for entry in islice(entries(stream), _ENTRIES):
                yield f"{archive}/{entry.name}"
        except (DamagedError, OSError):
            continue
        finally:
            stream.close()


def _mixed(signs: dict[str, str]) -> str:
    """Why several datasets in one catalog are refused, and how to index each."""
    titles = " and ".join(
        f"of {DATASETS[name].about.title} (such as {path})" for name, path in signs.items()
    )
    options = " or ".join(f"--dataset {name}" for name in signs)
    return (
        f"there are files {titles}, whose other names are the same: name the folders and archives "
        f"of one dataset as ROOT, and another OUT for each; or say {options}, which rejects the "
        "files that only the other has"
    )
