"""Random ranks that are the same on any machine, in any order of rows, in any version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from catalog.reading.arguments import checked_integer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def ranks(ids: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """Hash ranks: for each id a number, uniform over 64 bits, that depends on id and seed alone.

    They are the first bytes of the MD5 of id, space and seed, as in the SQL macro
    `stratified_sample`; not for cryptography.

    Raises
    ------
    FilterError
        If the seed is not a whole number.
    """
    suffix = f" {checked_integer('seed', seed)}"
    digests = (
        hashlib.md5((name + suffix).encode(), usedforsecurity=False).digest() for name in ids
    )
    return np.array([int.from_bytes(digest[:8]) for digest in digests], np.uint64)
