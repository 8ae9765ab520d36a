"""What a target of the fuzzing is, and what one case of it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import random
    from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What one case came to."""

    tried: int = 1
    """Inputs."""
    accepted: int = 0
    """Inputs that were not refused, so that there was an answer to compare."""
    problem: str = ""
    """What is wrong; empty if nothing is."""


class Target(Protocol):
    """One kind of input, and the oracle of the answers to it."""

    name: ClassVar[str]
    """For `ONLY=`."""
    what: ClassVar[str]
    """For the page."""
    share: ClassVar[int]
    """Of the time, in proportion to the other targets."""
    evidence: bytes
    """The input of the last case."""

    def __init__(self, folder: Path, /) -> None:
        """Prepare what all cases need, below an empty folder."""

    def run(self, draw: random.Random) -> Outcome:
        """Run one case; what is raised is wrong, too."""
