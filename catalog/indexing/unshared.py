"""Tasks over a Dask cluster whose workers see the object store, but not the files of this machine.

They read; what they write to the journal travels with their results, and is kept here. All that
needs the journal is done by processes of this machine.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.errors import OutputError
from catalog.indexing.cluster import Cluster, unheard
from catalog.indexing.mapper import Processes
from catalog.model import is_url
from catalog.store import staging
from catalog.store.checksummed import write_synced
from catalog.store.integrity import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from catalog.indexing.mapper import Engine
    from catalog.indexing.scenes import Extras

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class UnsharedCluster:
    """A Dask cluster whose workers do not see the files of this machine."""

    cluster: Cluster
    """Does what is portable."""
    here: Processes
    """Does the rest."""

    def run(
        self,
        function: Callable[..., _Result],
        tasks: Iterable[tuple[Any, ...]],
        hear: Callable[[Any], None] | None = None,
        *,
        small: bool = False,
        portable: bool = False,
    ) -> Generator[_Result]:
        """Call a function with each tuple of arguments; what portable tasks tell is not heard.

        Raises
        ------
        OutputError
            If the cluster gives a task up, or the journal cannot be written.
        """
        if not portable:
            yield from self.here.run(function, tasks, hear, small=small)
            return
        told = () if hear is None else (unheard,)
        pending = list(tasks)
        carried = [(function, told, *arguments) for arguments in pending]
        with closing(self.cluster.run(_carried, carried)) as results:
            for result, files in results:
                for name, content in files.items():
                    write_synced(pending[0][0].folder / name, content)
                yield result


def engine_of(engine: Engine, out: Path, roots: Sequence[str], extras: Extras) -> Engine:
    """What does a run, by the files that the workers of a cluster see.

    Parameters
    ----------
    engine : Engine
        Processes, or a cluster that is connected.
    out : Path
        The catalog; the folder that it is to lie in is there.
    roots : sequence of str
        Paths and URLs of the dataset.
    extras : Extras
        Names the tables that workers read, too.

    Raises
    ------
    OutputError
        If a worker does not see what it must read.
    """
    if not isinstance(engine, Cluster):
        return engine
    clouds, cover = extras.cloud_cover, extras.land_cover
    tables = [(clouds.path, clouds.sha256)] if clouds else []
    tables += [(cover.table, cover.sha256)] if cover else []
    for path, sha256 in tables:
        if worker := _other_than(engine, sha256, _file_digest, path):
            raise OutputError(
                f"the worker {worker} does not see {path} as it is here: put a copy there, under "
                "the same path"
            )
    apart = _worker_apart(engine, out)
    for root in roots:
        if is_url(root):
            continue
        if worker := apart or _other_than(engine, True, os.path.exists, root):
            raise OutputError(
                f"the worker {worker} does not see {root if apart is None else out.parent} as it "
                f"is here, so it cannot read {root}: share the file system with the workers, or "
                "index the dataset at the URL of an object store"
            )
    return UnsharedCluster(engine, Processes()) if apart else engine


def _worker_apart(cluster: Cluster, out: Path) -> str | None:
    """A worker that does not see the folder which the catalog and its journal lie in, if any.

    It is asked for a file by content: another machine may well have a folder of the same name.
    """
    content = secrets.token_bytes()
    probe = staging.beside(out, f"{secrets.token_hex(8)}.probe")
    try:
        probe.write_bytes(content)
        return _other_than(cluster, hashlib.sha256(content).hexdigest(), _file_digest, str(probe))
    finally:
        probe.unlink(missing_ok=True)


def _other_than(
    cluster: Cluster, answer: object, function: Callable[[str], object], path: str
) -> str | None:
    """The first worker that answers something else when it is asked for a path, if any."""
    answers = cluster.client.run(function, path)
    return min((worker for worker, found in answers.items() if found != answer), default=None)


def _file_digest(path: str) -> str | None:
    """SHA-256 of the content of a file; None if it cannot be read."""
    try:
        return file_sha256(Path(path))
    except OSError:
        return None


def _carried(
    function: Callable[..., _Result], told: tuple[Any, ...], journal: Any, *arguments: Any
) -> tuple[_Result, dict[str, bytes]]:
    """Call a function with a journal that is empty, and return what it wrote there, too.

    The files come by their names, in the order in which they must be kept: an archive's seek index
    before its record, which says that the archive was read.
    """
    with TemporaryDirectory(prefix="sen12ms-") as folder:
        result = function(*told, type(journal)(Path(folder), journal.dataset), *arguments)
        written = sorted(Path(folder).iterdir(), key=lambda path: path.suffix == ".arrow")
        return result, {path.name: path.read_bytes() for path in written}
