"""What other users and batch systems leave to a run is all that it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from catalog.indexing.mapper import Processes
print(Processes().count(small=False))
"""
WRITE = """
import os, sys
from pathlib import Path
from catalog.datasets import SEN12MS
from catalog.errors import CatalogError
from catalog.store import staging
from catalog.store.outputs import whole_file
out, user, group, umask = Path(sys.argv[1]), *map(int, sys.argv[2:])
os.setgroups([])
os.setgid(group)
os.setuid(user)
os.umask(umask)
try:
    with staging.exclusive(out, SEN12MS):
        journal = staging.beside(out, "journal")
        journal.mkdir(exist_ok=True)
        with whole_file(journal / "scene.arrow") as partial:
            partial.write_text(str(user))
        with staging.replacing(out) as folder:
            (folder / "sen12ms").mkdir()
            (folder / "sen12ms" / "catalog.json").write_text(str(user))
except CatalogError as error:
    sys.exit(str(error))
"""
needs_users = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may be other users"
)
FIRST, SECOND, GROUP = 54_321, 54_322, 54_320


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux knows affinity")
def test_a_run_has_as_many_workers_as_its_share_of_the_cores() -> None:
    command = [sys.executable, "-c", WORKERS]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "1\n"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder of a group."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, 0, GROUP)
        folder.chmod(0o2775)
        yield folder


def write_as(user: int, umask: int, out: Path) -> str:
    """Write a catalog as a user of the group; what is refused."""
    command = [sys.executable, "-c", WRITE, str(out), *map(str, (user, GROUP, umask))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done.stderr


@needs_users
def test_two_users_of_a_group_write_one_catalog(shared: Path) -> None:
    out = shared / "catalog"
    for user in (FIRST, SECOND, FIRST):
        assert write_as(user, 0o002, out) == ""
        assert (out / "sen12ms" / "catalog.json").read_text(encoding="utf-8") == str(user)
    assert sorted(path.name for path in shared.iterdir()) == [
        *("catalog", "catalog.journal", "catalog.lock"),
    ]


@needs_users
def test_a_lock_that_is_another_users_alone_is_named_with_the_remedy(shared: Path) -> None:
    out = shared / "catalog"
    assert write_as(FIRST, 0o022, out) == ""
    told = write_as(SECOND, 0o022, out)
    assert told.startswith(f"{out}.lock cannot be written: Permission denied; in a folder that")
    assert "`umask 002`" in told
    assert (out / "sen12ms" / "catalog.json").read_text(encoding="utf-8") == str(FIRST)
