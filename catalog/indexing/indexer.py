"""The write side: source → stac → store, a scene at a time, and then the whole."""

from __future__ import annotations

import logging
import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from catalog.errors import CatalogNotFoundError, OutputError
from catalog.indexing.archives import add_archives, read_archives
from catalog.indexing.cloud_cover import cloud_cover_table
from catalog.indexing.cluster import connected
from catalog.indexing.land_cover import land_cover_source
from catalog.indexing.layout import checked_layout
from catalog.indexing.mapper import Processes
from catalog.indexing.recognised import nothing_of, recognised
from catalog.indexing.run import Choices, Run
from catalog.indexing.scenes import Extras
from catalog.indexing.unshared import engine_of
from catalog.model import gdal_root, is_url
from catalog.source.bucket import reaching_its_store
from catalog.source.hrefs import Hrefs
from catalog.source.tar import is_archive
from catalog.source.tree import printable
from catalog.store import staging
from catalog.store.integrity import damaged_files
from catalog.store.journal import Journal
from catalog.store.outputs import checked_target
from catalog.store.report import Report, read_report

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from catalog.datasets import Dataset
    from catalog.indexing.mapper import Engine
    from catalog.indexing.run import Progress
    from catalog.source.bucket import StoreOptions

_LOG = logging.getLogger("catalog")


@reaching_its_store
def index(  # noqa: PLR0913 - all but where from and to is optional, by name only
    *roots: str | os.PathLike[str],
    into: str | os.PathLike[str],
    dataset: Dataset | None = None,
    add: bool = False,
    href_base: str | None = None,
    alternate: str | None = None,
    cloud_cover: str | os.PathLike[str] | None = None,
    land_cover_from: str | os.PathLike[str] | None = None,
    schema_url: str | None = None,
    previews: bool = False,
    statistics: bool = False,
    items: str | None = None,
    partition: str | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    store: StoreOptions | None = None,  # noqa: ARG001 - for the decorator
    progress: Progress | None = None,
) -> Report:
    """Make, or bring up to date, the catalog of a dataset on disk or in an object store.

    Only scenes and archives that changed since the last run are read. A bad file is reported and
    left out; of a damaged archive, what lies behind the damage. A catalog that is damaged, or that
    was edited, is made anew.

    Parameters
    ----------
    *roots : path or URL
        Folders that hold the dataset, nested in any way, and archives of it: .tar, .tar.gz, .tgz.
        They may lie at `s3://`, `gs://` or `az://`, and at `https://`, where a file `files.txt` in
        the folder lists what is there; environment variables tell credentials and endpoints.
    into : path
        Folder of the catalog: new, or a catalog to replace. What the next run can use again is kept
        beside it, in `INTO.journal`.
    dataset : Dataset, optional
        What the files are of; by default, the one that has a sensor of this name, else SEN12MS.
    add : bool
        Whether the catalog keeps what it holds of other folders and archives, which are not read
        again unless they changed.
    href_base : str, optional
        URL or path that hrefs start with instead of the root; by default they are absolute paths.
    alternate : str, optional
        URL of a web server that has the files, too, and stands for the root there: items name it as
        alternate assets. With `add`, as the catalog has it.
    cloud_cover : path, optional
        A CSV or Parquet table with the columns `id` and `cloud_cover`, percent: what is known of
        the clouds in the cloudy images of SEN12MS-CR.
    land_cover_from : path, optional
        A catalog of SEN12MS, or its `items.parquet`: where SEN12MS-CR takes class counts from.
    schema_url : str, optional
        Where the JSON Schema of the dataset's own fields is published, which the package holds; by
        default, where the definition of the dataset says.
    previews : bool
        Whether to draw a thumbnail and overviews of every patch beside its item.
    statistics : bool
        Whether to read the pixels of all images, for `quality` and for more `issues`.
    items : {'files', 'none'}, optional
        Whether every item has a file, or is in the table alone: that saves a file per patch, and
        only a walk through static files misses them. By default files, and with `add`, as it was.
    partition : {'season', 'continent', 'scene'}, optional
        What the table is partitioned by once more, beside `items.parquet`: Hive's folders, such as
        `items/season=winter/`. By default it is not, and with `add`, as it was.
    workers : int, optional
        Processes that read and write; by default as many as cores, one for a small dataset.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, as `tcp://HOST:8786`, whose workers read and
        write instead. They see the same folders under the same paths as this machine; or else all
        roots are URLs: then they read, and processes of this machine write.
    store : StoreOptions, optional
        How the object store of the roots is reached, before what the environment says: by this
        machine, and by the workers of a cluster.
    progress : Progress, optional
        Told how far the work is.

    Returns
    -------
    Report
        Counts and rejected files.

    Raises
    ------
    CatalogNotFoundError
        If a root does not exist, or holds no file of a dataset, or files of several, or there is
        no catalog to add to.
    FileError
        If the table of cloud cover cannot be read, or is not one.
    OutputError
        If the catalog cannot be written, or the cluster cannot do it; an older one stays as it was.
    StoreError
        If an object store or web server does not answer; an older catalog stays as it was.
    MissingExtraError
        If a cluster is named and Dask is not installed, or a URL and obstore is not.
    """
    out = _checked_out(into)
    known = _known_report(out) if add else None
    if known:
        roots, href_base = (*known.sources, *roots), href_base or known.href_base
        alternate, schema_url = alternate or known.alternate, schema_url or known.schema_url
        cloud_cover = cloud_cover or (known.cloud_cover or {}).get("source")
        land_cover_from = land_cover_from or (known.land_cover or {}).get("source")
    layout = checked_layout(items, partition, known, previews=previews)
    paths = sorted({_checked_root(root, out) for root in roots})
    archives = [path for path in paths if is_archive(path)]
    if archives and (previews or statistics):
        name = "previews" if previews else "statistics"
        raise OutputError(f"{name} need files: extract them from the archives, and index these")
    folders = [path for path in paths if not is_archive(path)]
    dataset, listing = recognised(folders, archives, dataset, known.dataset if known else None)
    if known and known.dataset != dataset.id:
        raise CatalogNotFoundError(
            f"{out} is a catalog of {known.dataset}, not of {dataset.id}: name another folder"
        )
    if schema_url:
        dataset = replace(
            dataset, schema_url=_checked_url(schema_url, "a schema", "https://HOST/PATH.json")
        )
    land_cover, dataset = land_cover_source(land_cover_from, dataset)
    clouds = cloud_cover_table(cloud_cover, dataset)
    if alternate and archives and href_base is None:
        raise OutputError(f"{alternate} has no files of archives: extract them, and index these")
    hrefs = Hrefs(
        (*folders, *map(gdal_root, archives)),
        None if href_base is None else _checked_base(href_base),
        _checked_url(alternate, "a folder", "https://HOST/FOLDER") if alternate else None,
    )
    extras = Extras(previews, statistics, clouds, land_cover)
    with _engine(workers, cluster) as started, staging.exclusive(out, dataset):
        engine = engine_of(started, out, paths, extras)
        choices = Choices(extras, layout, engine, progress or _silent)
        journal = Journal(staging.beside(out, "journal"), dataset)
        _LOG.info("%s: reading %s", out, ", ".join(paths))
        records = read_archives(journal.archives, archives, engine, choices.tell_unpacked)
        add_archives(listing, records)
        if not listing.files:
            raise CatalogNotFoundError(nothing_of(dataset, paths, listing.rejected))
        report = Run(out, journal, hrefs, choices, listing, records).run()
        journal.archives.prune(archives)
        _LOG.info("%s: %d patches, %d files rejected", out, report.patches, len(report.rejected))
        return report


def _engine(workers: int | None, cluster: str | None) -> AbstractContextManager[Engine]:
    """What does the work, for as long as it is open."""
    if cluster is None:
        return nullcontext(Processes(workers))
    if workers is not None:
        raise OutputError(f"{cluster} has workers of its own: name workers or a cluster, not both")
    return connected(cluster)


def _known_report(out: Path) -> Report:
    """What the catalog that is added to was made from.

    Raises
    ------
    CatalogNotFoundError
        If there is none, it cannot be trusted, or what it was made from is gone.
    """
    known = read_report(out)
    for name in sorted(damaged_files(out).keys() & {staging.ITEMS, staging.REPORT}):
        raise CatalogNotFoundError(
            f"{out / name} is not what `index` wrote: name all folders and archives, without add"
        )
    for source in known.sources:
        if not (is_url(source) or os.path.exists(source)):
            raise CatalogNotFoundError(
                f"{out} was made from {source}, which is not there any more: name all folders and "
                "archives, without add"
            )
    return known


def _checked_out(into: str | os.PathLike[str]) -> Path:
    if not os.fspath(into):
        raise OutputError("the catalog has no name: give its folder as OUT")
    return Path(os.path.realpath(checked_target(into)))


def _checked_base(href_base: str) -> str:
    if not href_base.isprintable():
        raise OutputError(f"{href_base!r} is not what hrefs can start with: give a URL or a path")
    return href_base


def _checked_root(root: str | os.PathLike[str], out: Path) -> str:
    if is_url(os.fspath(root)):
        return _checked_store(os.fspath(root))
    path = Path(os.path.abspath(root))
    if printable(str(path)) != str(path):
        raise CatalogNotFoundError(f"{printable(str(path))} is not valid UTF-8: rename it")
    if is_archive(path) and path.is_file():
        return str(path)
    if not os.fspath(root) or not path.is_dir():
        what = "is neither a folder nor an archive" if path.is_file() else "does not exist"
        raise CatalogNotFoundError(
            f"{os.fspath(root)!r} {what}: name the dataset's folder or archives as ROOT"
        )
    if path.resolve().is_relative_to(out.resolve()):
        raise OutputError(f"{out} holds the dataset itself: name another folder for the catalog")
    return str(path)


def _checked_store(root: str) -> str:
    parts = urlsplit(root)
    if not parts.netloc or parts.query or parts.fragment or root != "".join(root.split()):
        raise CatalogNotFoundError(
            f"{root!r} is not the URL of a folder or an archive: give one as s3://BUCKET/FOLDER"
        )
    return root.rstrip("/")


def _checked_url(url: str, what: str, example: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or url != "".join(url.split()):
        raise OutputError(f"{url!r} is not the URL of {what}: give one as {example}")
    return url


def _silent(phase: str, done: int, total: int, rejected: int) -> None:
    pass
