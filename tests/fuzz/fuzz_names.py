"""File names: reading one is the inverse of writing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from internals import PatchKey, format_name, parse_name
from mutations import mutate
from outcome import Outcome

if TYPE_CHECKING:
    import random
    from pathlib import Path

SEASONS = {"spring": 1158, "summer": 1868, "fall": 1970, "winter": 2017}
_SENSORS = ("s1", "s2", "lc")
_TRUE = re.compile(
    rf"ROIs({'|'.join(f'{roi}_{name}' for name, roi in SEASONS.items())})_(s1|s2|lc)"
    r"_(0|[1-9][0-9]{0,5})_p(0|[1-9][0-9]{0,5})\.tif"
)
_CHARACTERS = "0١９² \n\0_-+.pPtTIF/\\\u0130\u212a\ud800"
_BATCH = 500
_INPUTS = 2 * _BATCH  # each name as written, and damaged


class Names:
    """Names are read back as written; a damaged one is refused, or is another true name."""

    name = "names"
    what = "file names; oracles: the inverse, and a pattern written apart"
    share = 1

    def __init__(self, _: Path) -> None:
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """A batch of names."""
        accepted = _BATCH
        for _ in range(_BATCH):
            key = PatchKey(draw.choice(list(SEASONS)), _number(draw), _number(draw))
            sensor = draw.choice(_SENSORS)
            name = format_name(key, sensor)
            self.evidence = name.encode()
            if parse_name(name) != (key, sensor):
                return Outcome(_INPUTS, accepted, f"{name!r} is read as {parse_name(name)}")
            mutant = _mutant(name, draw)
            self.evidence = mutant.encode("utf-8", "surrogatepass")
            parsed = parse_name(mutant)
            accepted += parsed is not None
            if (parsed is not None) != (_TRUE.fullmatch(mutant) is not None):
                return Outcome(_INPUTS, accepted, f"{mutant!r} is read as {parsed}")
            if parsed is not None and format_name(*parsed) != mutant:
                return Outcome(_INPUTS, accepted, f"{mutant!r} is written {format_name(*parsed)!r}")
        return Outcome(_INPUTS, accepted)


def _mutant(name: str, draw: random.Random) -> str:
    if draw.random() < 0.5:
        return mutate(name.encode(), draw).data.decode("utf-8", "surrogateescape")
    position = draw.randrange(len(name))
    return name[:position] + draw.choice(_CHARACTERS) + name[position + draw.randrange(2) :]


def _number(draw: random.Random) -> int:
    return draw.choice((0, 1, 9, 10, 839, draw.randrange(1000), draw.randrange(10**6)))
