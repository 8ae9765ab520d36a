"""Damage to bytes, drawn from a seeded generator: the same seed, the same damage."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

INTERESTING: Final = (0, 1, 2, 3, 4, 8, 16, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**32 - 1)


class Mutant(NamedTuple):
    """Damaged bytes."""

    data: bytes
    first: int
    """Bytes before this one are as they were."""


def mutate(
    data: bytes, draw: random.Random, others: Sequence[bytes] = (), within: int | None = None
) -> Mutant:
    """One to four kinds of damage, one upon the other.

    Parameters
    ----------
    data : bytes
        What to damage.
    draw : Random
        Decides everything.
    others : list of bytes
        What else pieces are taken from.
    within : int, optional
        Only so many first bytes are damaged.
    """
    first = len(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        change = draw.choice(_CHANGES)
        most = len(data) if within is None else min(within, len(data))
        start = draw.randrange(most) if most else 0
        first = min(first, start)
        data = change(data, start, draw, (data, *others))
    return Mutant(data, first)


def _flip(data: bytes, start: int, draw: random.Random, _: Sequence[bytes]) -> bytes:
    byte = data[start : start + 1] or b"\0"
    return data[:start] + bytes([byte[0] ^ 1 << draw.randrange(8)]) + data[start + 1 :]


def _zero(data: bytes, start: int, draw: random.Random, _: Sequence[bytes]) -> bytes:
    size = min(_length(draw), len(data) - start)
    return data[:start] + bytes(size) + data[start + size :]


def _insert(data: bytes, start: int, draw: random.Random, _: Sequence[bytes]) -> bytes:
    return data[:start] + draw.randbytes(_length(draw)) + data[start:]


def _delete(data: bytes, start: int, draw: random.Random, _: Sequence[bytes]) -> bytes:
    return data[:start] + data[start + _length(draw) :]


def _truncate(data: bytes, start: int, _: random.Random, __: Sequence[bytes]) -> bytes:
    return data[:start]


def _splice(data: bytes, start: int, draw: random.Random, others: Sequence[bytes]) -> bytes:
    other = draw.choice(others)
    source = draw.randrange(len(other)) if other else 0
    piece = other[source : source + _length(draw)]
    return data[:start] + piece + data[start + len(piece) :]


def _number(data: bytes, start: int, draw: random.Random, _: Sequence[bytes]) -> bytes:
    code = draw.choice("bBhHiIqQ")
    bits = 8 * struct.calcsize(code)
    value = draw.choice(INTERESTING) % 2 ** (bits - code.islower())
    piece = struct.pack(draw.choice("<>") + code, value)
    return data[:start] + piece + data[start + len(piece) :]


def _length(draw: random.Random) -> int:
    return draw.choice((1, 2, 4, 8, 16, 64, 512, 512, 4096))


_CHANGES: Final[tuple[Callable[[bytes, int, random.Random, Sequence[bytes]], bytes], ...]] = (
    *(_flip, _flip, _number, _number),
    *(_zero, _insert, _delete, _truncate, _splice),
)
