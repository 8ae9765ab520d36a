"""The STAC API: every search is what `select` selects, and its clients page through it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pystac
import pytest

from catalog import Catalog
from catalog.errors import FilterError
from catalog.server.api_data import CONFORMANCE
from catalog.server.api_parameters import Start, read_search, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.server.conftest import Dataset

ITALY = {"type": "Polygon", "coordinates": [[[10, 44], [11, 44], [11, 45], [10, 45], [10, 44]]]}
WINTER = {"op": "=", "args": [{"property": "season"}, "winter"]}

SEARCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"bbox": [10, 44, 11, 45]}, {"bbox": [10, 44, 11, 45]}),
    ({"bbox": [10, 44, 0, 11, 45, 100]}, {"bbox": [10, 44, 11, 45]}),
    ({"bbox": [170, -60, -60, 60]}, {"bbox": [170, -60, -60, 60]}),
    ({"bbox": [-190, -60, -60, 60]}, {"bbox": [170, -60, -60, 60]}),
    ({"bbox": [370, 44, 371, 45]}, {"bbox": [10, 44, 11, 45]}),
    ({"bbox": [-250, -90, 110, 90]}, {}),
    ({"intersects": ITALY}, {"intersects": ITALY}),
    ({"datetime": "2017-07-01T00:00:00Z"}, {"season": "summer"}),
    (
        {"datetime": "2017-02-01t00:00:00z/2017-03-01T00:00:00+00:00"},
        {"season": ["winter", "spring"]},
    ),
    ({"datetime": "../2017-01-01T00:00:00Z"}, {"season": "winter"}),
    ({"datetime": "2017-09-01T00:00:00.123456789Z/"}, {"season": "fall"}),
    ({"ids": ["ROIs1868_summer_142_p180", "nothing"]}, {"ids": ["ROIs1868_summer_142_p180"]}),
    ({"collections": ["sen12ms"]}, {}),
    ({"collections": ["other"]}, {"where": "false"}),
    ({"filter": "cover.forest > 0.2"}, {"cover": "forest>0.2"}),
    ({"filter": "S_INTERSECTS(geometry, BBOX(10,44,11,45))"}, {"bbox": [10, 44, 11, 45]}),
]
"""As in a body, and as arguments of `Catalog.select`."""


@pytest.fixture(scope="module")
def cat(demo: Dataset) -> Iterator[Catalog]:
    with Catalog.open(demo.out) as cat:
        yield cat


def query(body: dict[str, Any]) -> dict[str, str]:
    """The same search as a query string."""
    return {
        name: json.dumps(value)
        if isinstance(value, dict)
        else ",".join(map(str, value))
        if isinstance(value, list)
        else str(value)
        for name, value in body.items()
    }


def post(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("api/search", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return dict(answer.json())


def ids(found: dict[str, Any]) -> list[str]:
    return [item["id"] for item in found["features"]]


def pages(client: httpx.Client, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All pages of a search, as the links lead."""
    found: dict[str, Any] | None = post(client, **body)
    while found:
        yield found
        found = turned(client, found, "next")


def turned(client: httpx.Client, page: dict[str, Any], rel: str) -> dict[str, Any] | None:
    """The page that a link of a page leads to; None if there is no such link."""
    links = [link for link in page["links"] if link["rel"] == rel]
    if not links:
        return None
    assert links[0]["method"] == "POST"
    return post(client, **links[0]["body"])


@pytest.mark.parametrize(("body", "filters"), SEARCHES, ids=str)
def test_a_search_finds_what_select_selects(
    client: httpx.Client, cat: Catalog, body: dict[str, Any], filters: dict[str, Any]
) -> None:
    expected = cat.select(**filters).ids
    found = post(client, limit=1000, **body, **{"filter-lang": "cql2-text"})
    assert ids(found) == expected
    assert found["numberMatched"] == found["numberReturned"] == len(expected)
    by_query = client.get("api/search", params={"limit": "1000", **query(body)}).json()
    assert by_query["features"] == found["features"]
    if "collections" not in body:
        items = client.get("api/collections/sen12ms/items", params={"limit": "1000", **query(body)})
        assert items.json()["features"] == found["features"]


SORTS: list[list[tuple[str, str]]] = [
    [],
    [("sen12ms:season", "desc")],
    [("cover.forest", "asc")],
    [("properties.sen12ms:country", "desc"), ("lat", "asc")],
    [("datetime", "desc"), ("sen12ms:patch", "desc")],
    [("complete", "asc"), ("id", "desc")],
]


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize("limit", [7, 31, 93])
def test_pages_of_any_order_hold_each_item_once(
    client: httpx.Client, cat: Catalog, sort: list[tuple[str, str]], limit: int
) -> None:
    sortby = [{"field": field, "direction": direction} for field, direction in sort]
    found = list(pages(client, {"limit": limit, "sortby": sortby}))
    assert [page["numberMatched"] for page in found] == [93] * -(-93 // limit)
    assert [page["numberReturned"] for page in found[:-1]] == [limit] * (len(found) - 1)
    names = [name for page in found for name in ids(page)]
    assert sorted(names) == sorted(cat.select().ids)
    order = [f"{_sql(field)} {direction} NULLS LAST" for field, direction in sort] + [
        "season",
        "scene",
        "patch",
    ]
    expected = cat.sql(f"SELECT id FROM patches ORDER BY {', '.join(order)}").fetchall()
    assert names == [row[0] for row in expected]
    read: dict[str, Any] | None = found[-1]
    for page in reversed(found):
        assert read is not None
        assert ids(read) == ids(page)
        first = turned(client, read, "first")
        assert ids(first or read) == ids(found[0])
        read = turned(client, read, "prev")
    assert read is None


def test_a_page_before_another_leads_to_it(client: httpx.Client) -> None:
    first, second, *_ = pages(client, {"limit": 20})
    assert {link["rel"] for link in first["links"]} == {"root", "self", "next"}
    assert {link["rel"] for link in second["links"]} == {"root", "self", "first", "prev", "next"}
    before = turned(client, second, "prev")
    assert before is not None
    assert {link["rel"] for link in before["links"]} == {"root", "self", "first", "next"}
    assert ids(turned(client, before, "next") or {}) == ids(second)


@pytest.mark.parametrize("is_before", [False, True], ids=["after", "before"])
def test_a_page_may_end_at_an_unknown_value(cat: Catalog, is_before: bool) -> None:
    start = Start(("winter", None, 1, 30), is_before)
    sortby = [{"field": "season"}, {"field": "country"}]
    assert read_search({"token": token_of(start), "sortby": sortby}, cat).start == start
    with pytest.raises(FilterError, match="is not of a search with this order"):
        read_search({"token": token_of(start), "sortby": sortby[::-1]}, cat)


def _sql(field: str) -> str:
    starts = "CASE season WHEN 'winter' THEN 1 WHEN 'spring' THEN 2 WHEN 'summer' THEN 3 ELSE 4 END"
    return starts if field == "datetime" else field.rpartition(":")[2]


def test_a_query_string_pages_as_well(client: httpx.Client, cat: Catalog) -> None:
    url, names = "api/search?limit=50&sortby=-sen12ms:scene,%2Bid&filter=lat>0", []
    while url:
        found = client.get(url).json()
        names += ids(found)
        url = _href(found, "next")
    expected = cat.sql("SELECT id FROM patches WHERE lat > 0 ORDER BY scene DESC, id").fetchall()
    assert names == [row[0] for row in expected]
    assert len(names) > 50
    assert ids(client.get(_href(found, "prev")).json()) == names[:50]
    assert ids(client.get(_href(found, "first")).json()) == names[:50]


def _href(page: dict[str, Any], rel: str) -> str:
    return next((str(link["href"]) for link in page["links"] if link["rel"] == rel), "")


def test_an_item_is_valid_and_its_links_and_hrefs_are_of_this_server(
    client: httpx.Client, url: str, demo: Dataset, core_schemas_only: None
) -> None:
    name = "ROIs1868_summer_142_p180"
    answer = client.get(f"api/collections/sen12ms/items/{name}")
    item = answer.json()
    pystac.Item.from_dict(item).validate()
    assert answer.headers["content-type"] == "application/geo+json"
    assert item == post(client, ids=[name])["features"][0]
    path = f"sen12ms/summer/ROIs1868_summer_142/{name}.json"
    (to_map,) = [link for link in item["links"] if link["rel"] == "alternate"]
    static = json.loads((demo.out / path).read_bytes())["links"]
    assert client.get(f"catalog/{path}").json() == {**item, "links": [*static, to_map]}
    api = [link for link in item["links"] if link != to_map]
    assert all(link["href"].startswith(f"{url}api") for link in api)
    assert {link["rel"] for link in api} == {"self", "parent", "collection", "root"}
    for link in item["links"]:
        assert client.get(link["href"]).status_code == 200
    assert client.get(item["assets"]["s2"]["href"]).status_code == 200


def test_fields_are_picked(client: httpx.Client) -> None:
    name = "ROIs1868_summer_142_p180"
    fields = {"include": ["properties.sen12ms:season", "sen12ms:scene", "bbox"], "exclude": []}
    (item,) = post(client, ids=[name], fields=fields)["features"]
    assert item.keys() == {"type", "stac_version", "id", "collection", "bbox", "properties"}
    assert item["properties"] == {"sen12ms:season": "summer", "sen12ms:scene": 142}
    (whole,) = post(client, ids=[name])["features"]
    fields = {"include": None, "exclude": ["assets", "properties.title", "id"]}
    (item,) = post(client, ids=[name], fields=fields)["features"]
    assert item.keys() == whole.keys() - {"assets"}
    assert item["properties"].keys() == whole["properties"].keys() - {"title"}
    params = {"ids": name, "fields": "-assets,-properties.title"}
    assert client.get("api/search", params=params).json()["features"] == [item]
    params = {"ids": name, "fields": "properties.sen12ms:season,bbox"}
    assert "assets" not in client.get("api/search", params=params).json()["features"][0]


def test_every_link_of_the_documents_leads_to_an_answer(client: httpx.Client) -> None:
    for start in ("api", "api/", "api/collections", "api/collections/sen12ms"):
        document = client.get(start).json()
        for link in document["links"]:
            if link["rel"] in {"license", "cite-as", "about"}:
                continue
            method = link.get("method", "GET")
            answer = client.request(method, link["href"])
            assert answer.status_code == 200, link
            assert (
                answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0]
            )


def test_the_documents_are_valid_stac(client: httpx.Client, core_schemas_only: None) -> None:
    landing = client.get("api").json()
    pystac.Catalog.from_dict(landing).validate()
    assert landing["conformsTo"] == client.get("api/conformance").json()["conformsTo"]
    assert landing["conformsTo"] == list(dict.fromkeys(CONFORMANCE))
    collection = client.get("api/collections/sen12ms").json()
    pystac.Collection.from_dict(collection).validate()
    assert client.get("api/collections").json()["collections"] == [collection]
    assert client.get(collection["assets"]["items"]["href"]).status_code == 200
    paths = client.get("api/openapi.json").json()["paths"]
    assert {f"/api{path}" for path in paths} >= {"/api/search", "/api/queryables"}


def test_a_search_may_be_filtered_by_every_queryable(client: httpx.Client) -> None:
    schema = client.get("api/collections/sen12ms/queryables").json()
    jsonschema.Draft201909Validator.check_schema(schema)
    assert schema["$id"].endswith("api/collections/sen12ms/queryables")
    assert schema["additionalProperties"] is False
    for name in schema["properties"]:
        known = {"op": "isNull", "args": [{"property": name}]}
        found = post(client, limit=1, filter={"op": "or", "args": [known, True]})
        assert found["numberMatched"] == 93


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0}, "limit=0 is not a number of items"),
    ({"limit": "many"}, "limit='many'"),
    ({"limit": True}, "limit=True"),
    ({"bbox": [1, 2, 3]}, "is not 4 or 6 numbers"),
    ({"bbox": [1, "x", 3, 4]}, "is not 4 or 6 numbers"),
    ({"bbox": [0, 50, 1, 40]}, "has its south above its north"),
    ({"bbox": [0, 0, 9, 1, 1, 1]}, "lowest height above its highest"),
    ({"bbox": [0, 0, 500, 1]}, "is not a box on Earth"),
    ({"bbox": [0, 0, 5000, 1]}, "is not a box on Earth"),
    ({"bbox": "0,0,1,1"}, "is not a list"),
    ({"bbox": [0, 0, 1, 1], "intersects": ITALY}, "exclude each other"),
    ({"intersects": {"type": "Polygon"}}, "is not valid GeoJSON"),
    ({"intersects": "Italy"}, "is not a GeoJSON geometry"),
    ({"datetime": "2017"}, "'2017' is not a time"),
    ({"datetime": "../.."}, "open at both ends"),
    ({"datetime": "2017-07-01T00:00:00,52Z"}, "is not a time"),
    ({"datetime": "2018-01-01T00:00:00Z/2017-01-01T00:00:00Z"}, "ends before it starts"),
    ({"ids": "x"}, "is not a list"),
    ({"ids": [1]}, "ids is not a list of texts"),
    ({"filter": "season = 1"}, "does not compare a text with a number"),
    ({"filter": {"op": "=", "args": [{"property": "x"}, 1]}}, "there is no name 'x'"),
    ({"filter": WINTER, "filter-lang": "sql"}, "filter-lang='sql'"),
    ({"filter": WINTER, "filter-crs": "EPSG:3857"}, "give longitude and latitude in degrees"),
    ({"sortby": [{"field": "nothing"}]}, "cannot be sorted by 'nothing'"),
    ({"sortby": [{"field": "geometry"}]}, "cannot be sorted by 'geometry'"),
    ({"sortby": ["id"]}, "has no field"),
    ({"sortby": [{"field": "id", "direction": "up"}]}, "is not asc or desc"),
    ({"fields": ["id"]}, "fields is not an object"),
    ({"token": "?"}, "is not"),
    ({"token": "W10"}, "is not of a search with this order"),
    ({"token": "WzEsW10sM10"}, "is not of a search with this order"),
]


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=str)
def test_what_is_not_valid_is_refused_in_one_sentence(
    client: httpx.Client, body: dict[str, Any], message: str
) -> None:
    answer = client.post("api/search", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["description"]
    assert len(answer.json()["description"].splitlines()) == 1
    assert answer.json()["code"]


@pytest.mark.parametrize("body", [b"[", b"[]", b"1", b'"x"', b"\xff"], ids=str)
def test_a_body_that_is_not_an_object_is_refused(client: httpx.Client, body: bytes) -> None:
    assert client.post("api/search", content=body).status_code == 400


def test_what_is_not_there_is_not_found(client: httpx.Client) -> None:
    for path in ("other", "other/items", "other/queryables", "other/items/x", "sen12ms/items/x"):
        answer = client.get(f"api/collections/{path}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "NotFound"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "api/nothing", 404), ("PUT", "api/search", 405), ("DELETE", "api", 405)],
)
def test_errors_of_http_are_json_as_well(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "description"}


@pytest.mark.parametrize("path", ["api", "api/search?limit=3", "api/collections/sen12ms/items"])
def test_a_head_is_answered_without_a_body(client: httpx.Client, path: str) -> None:
    answer, whole = client.head(path), client.get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == whole.headers["content-length"]


def test_items_may_be_sorted_by_every_queryable_but_geometries_and_arrays(
    client: httpx.Client,
) -> None:
    properties = client.get("api/queryables").json()["properties"]
    for name, schema in properties.items():
        answer = client.get("api/search", params={"sortby": f"-{name}", "limit": 1})
        sortable = schema.get("type") not in {None, "array"}
        assert answer.status_code == (200 if sortable else 400), name


def test_the_schema_that_items_name_is_served(client: httpx.Client) -> None:
    (item,) = post(client, limit=1)["features"]
    collection = client.get("api/collections/sen12ms").json()
    url = item["stac_extensions"][-1]
    assert collection["stac_extensions"][-1] == url
    answer = client.get(url)
    assert answer.headers["content-type"] == "application/schema+json"
    jsonschema.Draft7Validator(answer.json()).validate(item)
    jsonschema.Draft7Validator(answer.json()).validate(collection)
    assert client.get(url.replace("/sen12ms/", "/other/")).status_code == 404


def test_pages_of_other_servers_may_search(client: httpx.Client) -> None:
    headers = {"origin": "https://example.org", "access-control-request-method": "POST"}
    answer = client.options("api/search", headers=headers)
    assert answer.status_code == 200
    assert "POST" in answer.headers["access-control-allow-methods"]
