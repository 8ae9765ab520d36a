"""What the map page shows is what `select` selects, and its SQL says the same."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from catalog import Catalog
from catalog.datasets import SEN12MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.server.conftest import Dataset

Query = dict[str, str | list[str]]

QUERIES: list[Query] = [
    {},
    {"season": "summer"},
    {"season": ["summer", "winter"], "split": "train"},
    {"region": "Italy"},
    {"region": ["Italy", "South Korea"], "not_region": "126,37,127,38"},
    {"region": "state:Washington"},
    {"region": "côte d'ivoire"},
    {"region": "Asia", "cover": "forest>=0.05"},
    {"region": "120,30,135,45"},
    {"region": "170,-60,-60,60"},
    {"region": "POLYGON ((0 40, 20.123456789 40, 20 60, 0 60, 0 40))"},
    {"cover": ["savanna>=0.3", "water<=0.1"]},
    {"season": "", "region": "", "cover": "", "split": ""},
]


def arguments(query: Query) -> dict[str, Any]:
    """The same as arguments of `Catalog.select`."""
    given = {name: [value] if isinstance(value, str) else value for name, value in query.items()}
    return {name: values for name, values in given.items() if any(values)}


@pytest.fixture(scope="module")
def cat(demo: Dataset) -> Iterator[Catalog]:
    with Catalog.open(demo.out) as cat:
        yield cat


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_the_map_counts_what_select_selects(
    client: httpx.Client, cat: Catalog, query: Query
) -> None:
    found = client.get("map/scenes.json", params=query).json()
    selection = cat.select(**arguments(query))
    assert found["patches"] == len(selection)
    shown = {feature["properties"]["scene_id"] for feature in found["scenes"]["features"]}
    assert shown == {name.rpartition("_p")[0] for name in selection.ids}


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_its_sql_gives_the_same_patches_in_the_same_order(
    client: httpx.Client, cat: Catalog, query: Query
) -> None:
    sql = client.get("map/scenes.json", params=query).json()["sql"]
    rows = cat.sql(sql).fetchall()
    assert [row[0] for row in rows] == cat.select(**arguments(query)).ids


def test_its_sql_can_be_pasted_into_the_command_line(client: httpx.Client, demo: Dataset) -> None:
    query = {"region": "Italy", "season": "summer", "cover": "savanna>=0.3"}
    sql = client.get("map/scenes.json", params=query).json()["sql"]
    run = "from catalog.cli import main; main()"
    command = [sys.executable, "-c", run, "sql", str(demo.out), sql, "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with Catalog.open(demo.out) as cat:
        ids = cat.select(**arguments(dict(query))).ids
    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == ids


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_the_path_list_is_that_of_select(client: httpx.Client, cat: Catalog, query: Query) -> None:
    answer = client.get("map/paths.txt", params={**query, "sensor": "s2"})
    assert answer.text.splitlines() == cat.select(**arguments(query)).paths("s2")
    assert answer.headers["content-disposition"] == 'attachment; filename="sen12ms-paths.txt"'


def test_patches_are_those_in_sight(client: httpx.Client) -> None:
    query = {"season": "summer", "box": "10,44,11,45"}
    found = client.get("map/patches.json", params=query).json()["features"]
    assert len(found) == 49
    assert {feature["properties"]["scene_id"] for feature in found} == {"ROIs1868_summer_142"}
    assert {feature["properties"]["dominant_cover"] for feature in found} <= set(SEN12MS.covers)
    ring = found[0]["geometry"]["coordinates"][0]
    assert all(10 < longitude < 11 and 44 < latitude < 45 for longitude, latitude in ring)


def test_there_are_never_too_many_patches(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.server.map_data.MOST_PATCHES", 10)
    found = client.get("map/patches.json", params={"box": "-180,-90,180,90"}).json()
    assert len(found["features"]) == 10


def test_the_basemap_is_all_countries(client: httpx.Client) -> None:
    answer = client.get("map/countries.json")
    names = {feature["properties"]["name"] for feature in answer.json()["features"]}
    assert {"Italy", "Brazil", "Fiji"} <= names
    assert len(answer.content) < 2_000_000


def test_options_have_a_colour_for_every_cover(client: httpx.Client) -> None:
    options = client.get("map/options.json").json()
    assert list(options["covers"]) == list(SEN12MS.covers)
    assert ["country", "Italy"] in options["regions"]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("scenes.json", {"region": "Brasil"}, "did you mean Brazil"),
        ("scenes.json", {"season": "sumer"}, "did you mean summer"),
        ("scenes.json", {"cover": "forest>2"}, "is not a share"),
        ("scenes.json", {"region": "1,2,3"}, "a box is west,south,east,north"),
        ("scenes.json", {"region": "/etc/passwd"}, "is a file: the map takes a name"),
        ("scenes.json", {"region": "regions.geojson"}, "is a file: the map takes a name"),
        ("scenes.json", {"region": "https://example.org/x.gpkg"}, "is a file"),
        ("scenes.json", {"region": "/vsicurl/x"}, "is a file"),
        ("patches.json", {"box": "here"}, "is not a valid box"),
        ("paths.txt", {"sensor": "s3"}, "it is one of s1, s2, lc"),
    ],
)
def test_a_mistake_is_one_sentence(
    client: httpx.Client, path: str, query: Query, message: str
) -> None:
    answer = client.get(f"map/{path}", params=query)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    "region", ["x'; DROP TABLE patches; --", "Italy') OR 1=1 --", "{}", "%s", "\0"]
)
def test_a_hostile_region_is_an_unknown_name(client: httpx.Client, region: str) -> None:
    answer = client.get("map/scenes.json", params={"region": region})
    assert answer.status_code == 400
    assert client.get("map/scenes.json").json()["patches"] == 93


@pytest.mark.parametrize("name", ["region", "not_region", "season", "cover", "split"])
@pytest.mark.parametrize(
    "text",
    [
        "COPY patches TO 'stolen.csv'",
        "(SELECT content FROM read_text('/etc/passwd'))",
        "'); ATTACH 'other.duckdb' --",
        "/etc/passwd",
        "getenv('HOME')",
    ],
)
def test_no_parameter_takes_sql_or_a_path(client: httpx.Client, name: str, text: str) -> None:
    answer = client.get("map/scenes.json", params={name: text})
    assert answer.status_code == 400
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["where", "root", "sql", "query"])
def test_other_parameters_are_not_heard(client: httpx.Client, name: str) -> None:
    answer = client.get("map/scenes.json", params={name: "COPY patches TO 'stolen.csv'"})
    assert answer.json()["patches"] == 93
