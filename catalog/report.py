"""What a run of `index` did, as `report.json` keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.model import Rejected
from catalog.store import staging
from catalog.store.static import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of `index` did; `report.json` holds the same."""

    package: str
    """Version of sen12ms-catalog."""
    inputs: str
    """SHA-256 over all that the catalog was made from."""
    roots: tuple[str, ...]
    """Absolute paths of the folders that were read."""
    href_base: str | None
    """What hrefs start with in place of the root; None for absolute paths."""
    files: int
    """Files with a name of SEN12MS."""
    scenes: int
    """Scenes in the catalog."""
    patches: int
    """Patches in the catalog."""
    missing: Mapping[str, int]
    """Patches without a file, by sensor."""
    rejected: tuple[Rejected, ...]
    """Files that are not in the catalog, by path."""


def current_report(out: Path, inputs: str) -> Report | None:
    """The report of the catalog at `out`, if that is whole and was made from the same inputs."""
    names = (staging.CATALOG, staging.ITEMS, staging.DATABASE, staging.REPORT, "sen12ms")
    if not all((out / name).exists() for name in names):
        return None
    try:
        values = read_json(out / staging.REPORT)
    except json.JSONDecodeError:
        return None
    if values.get("inputs") != inputs:
        return None
    rejected = tuple(Rejected(**entry) for entry in values.pop("rejected"))
    return Report(**values | {"roots": tuple(values["roots"]), "rejected": rejected})
