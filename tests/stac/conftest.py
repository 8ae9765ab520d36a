"""Fixtures for what things mean: the countries."""

from __future__ import annotations

import pytest

from catalog.indexing import scenes
from catalog.stac.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return scenes.gazetteer()
