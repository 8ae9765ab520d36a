"""Chance that falls alike everywhere: on any machine, in any order of rows, in any version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def chances(names: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """A number for each name, evenly spread over 64 bits, that depends on it and the seed alone.

    They are the first bytes of the MD5 of name, space and seed, as in the SQL macro
    `stratified_sample`: chance, not secrecy.
    """
    suffix = f" {seed}"
    digests = (
        hashlib.md5((name + suffix).encode(), usedforsecurity=False).digest() for name in names
    )
    return np.array([int.from_bytes(digest[:8]) for digest in digests], np.uint64)
