"""Files that prove their bytes: a page that a crash lost is noticed."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Final

from catalog.store.outputs import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

SEAL_BYTES: Final = 32
"""At the end of a file: the SHA-256 of all before."""


def digest(*parts: Any) -> str:
    """SHA-256 of values as JSON, in hexadecimal: equal if all of them are."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def write_sealed(path: Path, content: pa.Buffer) -> None:
    """Write a file with its seal, on the disk before it has its name.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.write(hashlib.sha256(content).digest())
        file.flush()
        os.fsync(file.fileno())


def read_sealed(path: Path) -> bytes | None:
    """The content of a file without its seal; None if it is not there or not what was written."""
    try:
        sealed = path.read_bytes()
    except OSError:
        return None
    content, seal = sealed[:-SEAL_BYTES], sealed[-SEAL_BYTES:]
    return content if hashlib.sha256(content).digest() == seal else None
