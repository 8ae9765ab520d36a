"""A catalog is replaced whole or not at all, and nothing else is ever replaced."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from catalog.datasets import SEN12MS
from catalog.errors import OutputError
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.store import staging

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from catalog.datasets import SEN12MS
from catalog.store.staging import exclusive

with exclusive(Path(sys.argv[1]), SEN12MS):
    print("held", flush=True)
    sys.stdin.read()
"""

FILL = """
import json
import os
import sys
from pathlib import Path
from catalog import index

def contents():
    return {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}

disk, root = Path(sys.argv[1]), Path(sys.argv[2])
out, filler = disk / "catalog", disk / "filler"
index(root, into=out)
before, found = contents(), {}
for room in (4_096, 131_072, 2_000_000):
    for path in root.rglob("*_s1_*.tif"):
        os.utime(path, (room, room))
    status = os.statvfs(disk)
    filler.write_bytes(bytes(status.f_bavail * status.f_frsize - room))
    try:
        index(root, into=out)
    except Exception as error:
        names = sorted(path.name for path in disk.iterdir() if path.suffix != ".lock")
        found[room] = [type(error).__name__, str(error), contents() == before, names]
    filler.unlink()
index(root, into=out)
print(json.dumps(found))
"""
"""Fills the disk up to a few bytes: too few for the journal, for the items, for the database."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "catalog"


def write_catalog(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / staging.CATALOG).write_text(text, encoding="utf-8")


def replace_catalog(out: Path, text: str) -> None:
    with staging.exclusive(out, SEN12MS), staging.replacing(out) as folder:
        write_catalog(folder, text)


def fail_half_way(out: Path, error: type[BaseException]) -> None:
    with staging.exclusive(out, SEN12MS), staging.replacing(out) as folder:
        write_catalog(folder, "half")
        raise error


def text_of(out: Path) -> str:
    return (out / staging.CATALOG).read_text(encoding="utf-8")


def test_a_catalog_takes_the_place_of_the_old_one(out: Path) -> None:
    replace_catalog(out, "old")
    (out / staging.REPORT).write_text("old", encoding="utf-8")
    replace_catalog(out, "new")
    assert text_of(out) == "new"
    assert [path.name for path in out.iterdir()] == [staging.CATALOG]
    assert {path.name for path in out.parent.iterdir()} <= {"catalog", "catalog.lock"}


def test_the_folders_above_are_made(tmp_path: Path) -> None:
    replace_catalog(tmp_path / "of" / "mine" / "catalog", "new")
    assert text_of(tmp_path / "of" / "mine" / "catalog") == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_fails_leaves_the_old_catalog(out: Path, error: type[BaseException]) -> None:
    replace_catalog(out, "old")
    with pytest.raises(error):
        fail_half_way(out, error)
    assert text_of(out) == "old"
    replace_catalog(out, "new")
    assert text_of(out) == "new"
    assert {path.name for path in out.parent.iterdir()} <= {"catalog", "catalog.lock"}


def test_a_second_writer_is_refused(out: Path) -> None:
    with staging.exclusive(out, SEN12MS):
        with pytest.raises(OutputError, match="is being written by another run"):
            replace_catalog(out, "second")
        assert not out.exists()
    replace_catalog(out, "third")


def test_a_second_process_is_refused_until_the_first_is_gone(out: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="wait until it is done"):
            replace_catalog(out, "second")
        first.kill()
    replace_catalog(out, "third")
    assert text_of(out) == "third"


def test_a_folder_with_a_foreign_file_is_refused(out: Path) -> None:
    write_catalog(out, "old")
    (out / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"holds 'thesis\.tex', which is no part of a catalog"):
        replace_catalog(out, "new")
    assert text_of(out) == "old"
    assert (out / "thesis.tex").read_text(encoding="utf-8") == "mine"


def test_a_file_in_place_of_the_folder_is_refused(out: Path) -> None:
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="is a file: name a folder"):
        replace_catalog(out, "new")
    assert out.read_text(encoding="utf-8") == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        replace_catalog(tmp_path / "file" / "catalog", "new")


@pytest.mark.parametrize("suffix", ["previous", "partial", "journal"])
@pytest.mark.parametrize("catalog", ["new", "old"])
def test_a_folder_of_someone_else_beside_the_catalog_survives(
    out: Path, suffix: str, catalog: str
) -> None:
    if catalog == "old":
        replace_catalog(out, "old")
    thesis = staging.beside(out, suffix) / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("mine", encoding="utf-8")
    try:
        replace_catalog(out, "new")
    except OutputError as error:
        assert str(thesis.parent) in str(error)  # noqa: PT017 - to refuse is as good as to pass by
    assert thesis.read_text(encoding="utf-8") == "mine"


def test_a_swap_that_was_killed_between_the_renames_is_undone_by_the_next_run(out: Path) -> None:
    write_catalog(staging.beside(out, "previous"), "old")
    write_catalog(staging.beside(out, "partial"), "new, and whole")
    with staging.exclusive(out, SEN12MS):
        assert text_of(out) == "old"
    replace_catalog(out, "newer")
    assert text_of(out) == "newer"
    assert {path.name for path in out.parent.iterdir()} <= {"catalog", "catalog.lock"}


def test_what_a_killed_run_left_is_cleared(out: Path) -> None:
    replace_catalog(out, "old")
    write_catalog(staging.beside(out, "previous"), "older")
    write_catalog(staging.beside(out, "partial"), "half")
    replace_catalog(out, "new")
    assert text_of(out) == "new"
    assert {path.name for path in out.parent.iterdir()} <= {"catalog", "catalog.lock"}


def unshared() -> list[str] | None:
    """A command in front of others that lets them mount, if this system lets one."""
    command = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None:
        return None
    mount = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    allowed = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    return command if allowed else None


def test_a_full_disk_leaves_the_old_catalog(tmp_path: Path) -> None:
    command = unshared()
    if command is None:
        pytest.skip("a small disk can only be mounted where `unshare` is allowed to")
    disk, root = tmp_path / "disk", tmp_path / "SEN12MS"
    disk.mkdir()
    scene = SyntheticScene("winter", 112, 32631, (676_182.5, 5_663_401.9), 31, (380, 381, 382))
    for _ in write_scene(root, scene, sparse=("s1", "s2")):
        pass
    script = tmp_path / "fill.py"
    script.write_text(FILL, encoding="utf-8")
    mounted = 'mount -t tmpfs -o size=32m tmpfs "$1" && exec "$2" "$3" "$1" "$4"'
    arguments = [disk, sys.executable, script, root]
    done = subprocess.run(
        [*command, "sh", "-c", mounted, "sh", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    for error, message, unchanged, left in json.loads(done.stdout).values():
        assert error == "OutputError"
        assert re.match(r"\S+/disk/catalog\S* cannot be written: .*No space left on dev", message)
        assert unchanged
        assert left == ["catalog", "catalog.journal", "filler"]
