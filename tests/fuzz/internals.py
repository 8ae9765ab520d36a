"""All that the fuzzing needs of this package beyond its public names, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.datasets import SEN12MS
from catalog.model import PatchKey
from catalog.source.header import HeaderReader, UnreadableError
from catalog.source.hrefs import Hrefs
from catalog.source.read_file import FileReader
from catalog.source.scene import SceneReader
from catalog.source.synthetic import SyntheticScene, write_scene
from catalog.source.tar import ArchiveReader
from catalog.source.tree import FoundFile, list_trees

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from catalog.model import FileRecord, Member, RasterHeader, Rejected, Scene

__all__ = (
    "HeaderReader",
    "PatchKey",
    "SyntheticScene",
    "archive_members",
    "format_name",
    "format_path",
    "parse_name",
    "read_file",
    "read_header",
    "read_scene",
    "write_scene",
)

format_name, format_path = SEN12MS.file_name, SEN12MS.file_path
parse_name = SEN12MS.parse_name


def read_header(reader: HeaderReader, data: bytes) -> RasterHeader | None:
    """The header of a file; None if it is refused."""
    try:
        return reader.read(data)
    except UnreadableError:
        return None


def read_file(path: Path) -> FileRecord:
    """What a fresh reader says of a file."""
    parsed = parse_name(path.name)
    assert parsed is not None
    return FileReader(SEN12MS).read(FoundFile(*parsed, str(path), path.stat().st_size))


def read_scene(root: Path) -> Scene:
    """The one scene below a root."""
    (files,) = list_trees([root], SEN12MS).scenes.values()
    return SceneReader(SEN12MS).read(files, Hrefs((str(root),), None))


def archive_members(path: Path, seek_index: Path) -> tuple[list[Member], Sequence[Rejected]]:
    """The members of an archive that come into the catalog, and what was rejected."""
    reader = ArchiveReader(str(path), SEN12MS)
    members = list(reader.read(seek_index))
    sound = reader.sound_bytes
    if sound is not None:
        members = [m for m in members if m.offset + m.record.size <= sound]
    return members, reader.rejected
