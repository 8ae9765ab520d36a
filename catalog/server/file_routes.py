"""The catalog, the files of the dataset, and previews, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from catalog.model import PatchKey
from catalog.server.previews import cached_preview
from catalog.server.responses import body_response, file_response
from catalog.server.served import served_json
from catalog.stac.collection import GEOJSON, PARQUET
from catalog.stac.item import GEOTIFF, PNG

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from catalog.server.pool import Pool
    from catalog.server.site import Site
    from catalog.source.preview import PreviewImage

_MISSING: Final = "the catalog has no such file"
_MEDIA_TYPES: Final = {".parquet": PARQUET, ".png": PNG, ".duckdb": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class FileRoutes:
    """Answers with files of a site; 404 for whatever may not be read."""

    site: Site
    """What may be read."""
    pool: Pool
    """Draws previews, and extracts files from archives."""

    def routes(self) -> list[BaseRoute]:
        """`/catalog`, `/data` and `/previews`."""
        return [
            Route("/catalog/{name:path}", self._catalog),
            Route("/data/{name:path}", self._data),
            Route("/previews/{season}/{scene}/{patch}/{preview}.png", self._preview),
        ]

    def _catalog(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not name.endswith(".json"):
            path = self.site.catalog_file(name)
            if path is None:
                raise HTTPException(404, _MISSING)
            return file_response(request, path, _MEDIA_TYPES.get(path.suffix))
        found = self.site.catalog_json(name)
        if found is None:
            raise HTTPException(404, _MISSING)
        value = served_json(self.site.dataset, found, str(request.base_url))
        kind = GEOJSON if value.get("type") == "Feature" else "application/json"
        return body_response(request, orjson.dumps(value), kind)

    async def _data(self, request: Request) -> Response:
        dataset, name = self.site.dataset, request.path_params["name"]
        key, sensor = dataset.parse_name(name.rpartition("/")[2]) or (None, "")
        if key is None or name != dataset.file_path(key, sensor):
            raise HTTPException(404, f"{dataset.about.title} has no file of that name")
        look_up = partial(self._members, key)
        if self.site.is_packed:
            members = await self.pool.run(request, look_up)
        else:
            members = await run_in_threadpool(look_up)
        if sensor not in members:
            raise HTTPException(404, "the file is missing, or not below the dataset's root")
        return file_response(request, members[sensor], GEOTIFF)

    async def _preview(self, request: Request) -> Response:
        dataset, asked = self.site.dataset, request.path_params
        key = _key(asked["season"], asked["scene"], asked["patch"])
        if key is None or key.season not in dataset.seasons:
            raise HTTPException(404, "the catalog has no such patch")
        if asked["preview"] not in dataset.previews:
            raise HTTPException(404, "there is no such preview")

        def draw() -> PreviewImage:
            return cached_preview(dataset, asked["preview"], self._members(key))

        picture = await self.pool.run(request, draw)
        # A placeholder may be gone as soon as the file is repaired.
        age = "max-age=3600" if picture.complete else "no-store"
        return body_response(request, picture.png, PNG, {"Cache-Control": age})

    def _members(self, key: PatchKey) -> dict[str, Path]:
        members = self.site.members(key)
        if members is None:
            raise HTTPException(404, "the catalog has no such patch")
        return members


def _key(season: str, scene: str, patch: str) -> PatchKey | None:
    """The key of a patch as a URL has it; None if its numbers are not ones."""
    numbers = (scene, patch)
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        return None
    return PatchKey(season, int(scene), int(patch))
