"""Fixtures for what things mean: the countries."""

from __future__ import annotations

import pytest
import shapely

from catalog.stac.gazetteer import Gazetteer, Place
from catalog.store.geoparquet import read_countries


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    rows = read_countries()
    places = [Place(row["code"], row["name"], row["continent"]) for row in rows]
    return Gazetteer(shapely.from_wkb([row["geometry"] for row in rows]), places)
