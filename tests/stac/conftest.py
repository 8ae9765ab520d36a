"""Fixtures for what things mean: the countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.indexing import scenes

if TYPE_CHECKING:
    from catalog.stac.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return scenes.gazetteer()
