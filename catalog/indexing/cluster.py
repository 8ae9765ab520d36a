"""Tasks over a Dask cluster."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from catalog.errors import MissingExtraError, OutputError
from catalog.source.bucket import call_reaching, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

_Result = TypeVar("_Result")

_PATIENCE_SECONDS: Final = 5
"""So long a scheduler may take to answer."""
_POLL_SECONDS: Final = 0.1
_RETRIES: Final = 2
"""So often a task that failed is tried again; one whose worker died, as Dask is configured."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Dask cluster whose workers see the same folders as this machine, by its client."""

    client: Any

    def run(
        self,
        function: Callable[..., _Result],
        tasks: Iterable[tuple[Any, ...]],
        hear: Callable[[Any], None] | None = None,
        *,
        small: bool = False,  # noqa: ARG002 - the workers run already
        portable: bool = False,  # noqa: ARG002 - the workers see the same folders
    ) -> Generator[_Result]:
        """Call a function with each tuple of arguments; what tasks tell meanwhile is not heard.

        Raises
        ------
        OutputError
            If the cluster gives a task up.
        """
        from distributed import KilledWorker, as_completed

        told = () if hear is None else (unheard,)
        futures = [
            self.client.submit(
                call_reaching,
                reached(),
                function,
                *told,
                *arguments,
                pure=False,
                retries=_RETRIES,
                priority=-number,
            )
            for number, arguments in enumerate(tasks)
        ]
        try:
            for future in as_completed(futures, loop=self.client.loop):
                result = future.result()
                future.release()
                yield result
        except (CancelledError, KilledWorker) as error:
            raise OutputError(
                f"the cluster gave up a task ({error}): look at its workers' logs, and run again"
            ) from error
        finally:
            self._cancel([future for future in futures if not future.done()])

    def _cancel(self, futures: list[Any]) -> None:
        """Cancel tasks, and wait for those that run: they still write where the next run will."""
        if not futures:
            return
        self.client.cancel(futures)
        keys = {future.key for future in futures}
        while any(self.client.run(_runs_any, keys).values()):
            time.sleep(_POLL_SECONDS)


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """A cluster, connected while the block runs.

    Parameters
    ----------
    address : str
        Of its scheduler, as `tcp://HOST:8786`.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    OutputError
        If the scheduler does not answer, has no workers, or they have other versions.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError(
            "a cluster needs Dask: pip install 'sen12ms-catalog[cluster]'"
        ) from error
    try:
        # A client that cannot connect would try to close itself later, and say so.
        with ThreadPoolExecutor(1) as thread:  # a notebook has a loop in its own
            thread.submit(asyncio.run, _reach(address)).result()
    except Exception as error:
        # Each protocol of Dask raises errors of its own.
        raise OutputError(
            f"no Dask scheduler answers at {address!r}: start one, or give its tcp://HOST:PORT"
        ) from error
    with Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False) as client:
        _check(client.run(_version_teller()), address)
        yield Cluster(client)


async def _reach(address: str) -> None:
    from distributed.comm.core import connect
    from distributed.security import Security

    options = Security().get_connection_args("client")
    connection = await connect(address, timeout=_PATIENCE_SECONDS, **options)
    connection.abort()


def _check(workers: dict[str, dict[str, str]], address: str) -> None:
    if not workers:
        raise OutputError(f"the cluster at {address} has no workers: start some with `dask worker`")
    here = _version_teller()()
    for worker, there in workers.items():
        for name, version in here.items():
            if there[name] != version:
                raise OutputError(
                    f"{worker} has {name} {there[name]}, and this machine {version}: "
                    "install the same version on both"
                )


def _version_teller() -> Callable[[], dict[str, str]]:
    """What tells the versions that must agree; it travels whole: workers may lack this package."""

    def tell() -> dict[str, str]:
        import sys
        from importlib.metadata import PackageNotFoundError, version

        versions = {"Python": "{}.{}".format(*sys.version_info)}
        for name in ("sen12ms-catalog", "duckdb"):
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = "not at all"
        return versions

    return tell


def _runs_any(keys: set[str], dask_worker: Any) -> bool:
    """Whether a worker runs one of these tasks, cancelled or not."""
    return any(task.key in keys for task in dask_worker.state.executing)


def unheard(told: object) -> None:
    """Hears what a task tells on a worker: nobody."""
