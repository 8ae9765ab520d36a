"""Regions as texts: WKT, GeoJSON, boxes; the oracle is shapely."""

from __future__ import annotations

import json
import time
import warnings
from typing import TYPE_CHECKING, Final

import shapely
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mutations import mutate
from outcome import Outcome
from small import rows_of, write_small

from catalog import Catalog
from catalog.errors import RegionError

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

_BATCH: Final = 20
_MOST_SECONDS: Final = 2.0
"""Of the processor, for one region."""
_WORLD = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
_ODD = st.sampled_from((float("nan"), float("inf"), 1e308, 181.0, -90.5, 5e-324))
Point = tuple[float, float]


def points_near(centres: list[Point]) -> SearchStrategy[Point]:
    """Points round the patches, anywhere on Earth, and now and then nowhere."""
    offset = st.floats(-0.05, 0.05)
    near = st.builds(lambda c, x, y: (c[0] + x, c[1] + y), st.sampled_from(centres), offset, offset)
    return st.one_of(near, near, near, _WORLD, st.tuples(_ODD, offset))


def geometries(centres: list[Point]) -> SearchStrategy[str]:
    """WKT and GeoJSON of rings (most of them cross themselves), lines, points, and boxes."""
    ring = st.lists(points_near(centres), min_size=3, max_size=60)
    polygon = ring.map(lambda points: f"POLYGON (({_wkt([*points, points[0]])}))")
    convex = ring.map(_hull)
    open_ring = ring.map(lambda points: f"POLYGON (({_wkt(points)}))")
    line = ring.map(lambda points: f"LINESTRING ({_wkt(points)})")
    several = st.lists(polygon | line, max_size=4).map(
        lambda texts: f"GEOMETRYCOLLECTION ({', '.join(texts)})"
    )
    kinds = st.sampled_from(("Polygon", "MultiPolygon", "LineString", "Point", "Feature", "x"))
    geojson = st.builds(_geojson, kinds, ring)
    box = st.lists(points_near(centres), min_size=2, max_size=2).map(
        lambda points: ",".join(repr(number) for point in points for number in point)
    )
    return st.one_of(polygon, convex, convex, open_ring, line, several, geojson, box)


def _hull(points: list[Point]) -> str:
    on_earth = [(x, y) for x, y in points if abs(x) <= 180 and abs(y) <= 90]  # nan is not
    return str(shapely.to_wkt(shapely.MultiPoint(on_earth).convex_hull, rounding_precision=-1))


def _wkt(points: list[Point]) -> str:
    return ", ".join(f"{x!r} {y!r}" for x, y in points)


def _geojson(kind: str, points: list[Point]) -> str:
    nested: object = {
        "Polygon": [[*points, points[0]]],
        "MultiPolygon": [[[*points, points[0]]]],
    }.get(kind, points)
    geometry = {"type": kind, "coordinates": points[0] if kind == "Point" else nested}
    return json.dumps({"type": "Feature", "geometry": geometry} if kind == "Feature" else geometry)


class Regions:
    """A region is refused by a RegionError, or its patches are those that shapely finds."""

    name = "regions"
    what = "regions as WKT, GeoJSON, boxes; oracles: shapely, 2 s of the processor"
    share = 3

    def __init__(self, folder: Path) -> None:
        _, out = write_small(folder)
        self.rows = rows_of(out)
        self.catalog = Catalog.open(out)
        centres = [(p.x, p.y) for p in (row["geometry"].centroid for row in self.rows)]
        self.texts = geometries(centres)
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """A batch of texts as Hypothesis draws them, half of them damaged; a failure is shrunk."""
        accepted = 0

        @seed(draw.randrange(2**32))
        @settings(
            max_examples=_BATCH,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(self.texts, st.booleans(), st.randoms(use_true_random=False))
        def check(text: str, damaged: bool, damage: random.Random) -> None:
            nonlocal accepted
            if damaged:
                text = mutate(text.encode(), damage).data.decode("utf-8", "replace")
            self.evidence = text.encode()
            answered, problem = self._ask(text)
            accepted += answered
            assert not problem, problem

        try:
            check()
        except AssertionError as error:
            return Outcome(_BATCH, accepted, str(error))
        return Outcome(_BATCH, accepted)

    def _ask(self, text: str) -> tuple[bool, str]:
        start = time.process_time()
        try:
            ids = list(self.catalog.select(region=text).ids)
        except RegionError:
            ids = None
        seconds = time.process_time() - start
        if seconds > _MOST_SECONDS:
            return ids is not None, f"takes {seconds:.1f} s"
        return ids is not None, "" if ids is None else self._wrong(text, set(ids))

    def _wrong(self, text: str, ids: set[str]) -> str:
        region = known_region(text)
        if region is None or not region.is_valid:
            return ""
        # On the very edge the two may differ in the last bit.
        sure = {r["id"] for r in self.rows if r["geometry"].intersects(region.buffer(-1e-9))}
        maybe = {r["id"] for r in self.rows if r["geometry"].intersects(region.buffer(1e-9))}
        wrong = (sure - ids) | (ids - maybe)
        return f"shapely says otherwise of {min(wrong)}" if wrong else ""


def known_region(text: str) -> shapely.Geometry | None:
    """What shapely makes of a text by itself; None if nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if text.lstrip().startswith("{"):
                value = json.loads(text)
                return shapely.from_geojson(json.dumps(value.get("geometry", value)))
            if text[:1].isalpha():
                return shapely.from_wkt(text)
            west, south, east, north = map(float, text.split(","))
        except (ValueError, AttributeError, shapely.errors.ShapelyError, NotImplementedError):
            return None
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.union(
        shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)
    )
