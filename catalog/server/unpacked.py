"""Files in archives: extracted on request, and kept for a while."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from catalog.model import PatchKey
    from catalog.reading.catalog import Catalog

_KEPT: Final = 200
"""Patches: some 800 MB of files."""


class Unpacked:
    """Extracts the files of patches from archives, through the seek index, into a private folder.

    Parameters
    ----------
    catalog : Catalog
        Knows where in the archives they are.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: OrderedDict[PatchKey, dict[str, Path]] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="sen12ms-catalog-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def files(self, key: PatchKey) -> dict[str, Path]:
        """The files of a patch by sensor, as they are published.

        Raises
        ------
        CatalogError
            If an archive is gone or damaged.
        """
        dataset = self._catalog.dataset
        with self._lock:
            if key not in self._kept:
                name = dataset.patch_id(key)
                to = self._folder / name
                taken = self._catalog.pick([name]).extract(to=to)
                paths = {sensor: to / dataset.file_path(key, sensor) for sensor in dataset.sensors}
                found = {sensor: path for sensor, path in paths.items() if path.is_file()}
                if taken.rejected:
                    return found  # the archive may be back the next time
                self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                oldest, _ = self._kept.popitem(last=False)
                shutil.rmtree(self._folder / dataset.patch_id(oldest))
            return self._kept[key]
