"""The map page of a catalog, as this server has it: with its previews, files and STAC Browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse
from starlette.routing import Route

from catalog.server.responses import body_response, file_response, read_whole
from catalog.store import staging
from catalog.viewer.boundaries import COUNTRIES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from catalog.server.site import Site

_ADDRESSES: Final = {
    "item": "{collection}/{season}/{scene_id}/{id}.json",
    "picture": "../previews/{season}/{scene}/{patch}/{picture}.png",
    "files": "../data/{folder}/{file}",
    "browser": "../browser/#/api/collections/{collection}/items/{id}",
}
"""Relative to the page, which lies in the folder of the catalog."""
_OLD: Final = "this catalog has no map: run `sen12ms index` again, which writes it"


@dataclass(frozen=True, slots=True)
class MapRoutes:
    """The map page, and the outlines of the countries for STAC Browser."""

    site: Site
    """The catalog."""

    def routes(self) -> list[BaseRoute]:
        """Before those of `/catalog`, which has all other files of the page."""
        return [
            Route("/", _to_page),
            Route("/catalog/", self._page),
            Route(f"/catalog/{staging.ABOUT}", self._about),
            Route("/browser/countries.json", _countries),
        ]

    def _page(self, request: Request) -> Response:
        path = self.site.catalog_file(staging.PAGE)
        if path is None:
            raise HTTPException(404, _OLD)
        return file_response(request, path)

    def _about(self, request: Request) -> Response:
        """What the page knows of the catalog, with this server's addresses and paths."""
        path = self.site.catalog_file(staging.ABOUT)
        if path is None:
            raise HTTPException(404, _OLD)
        about = read_whole(path)
        names = about["names"]
        folders = [self.site.moved.of(folder) for folder in names["folders"]]
        about |= {**_ADDRESSES, "names": names | {"folders": folders}}
        return body_response(request, orjson.dumps(about), "application/json")


def _to_page(request: Request) -> Response:
    query = request.url.query
    return RedirectResponse(f"catalog/?{query}" if query else "catalog/")


def _countries(_: Request) -> Response:
    headers = {"Content-Encoding": "gzip", "Cache-Control": "max-age=86400"}
    return FileResponse(COUNTRIES, media_type="application/geo+json", headers=headers)
