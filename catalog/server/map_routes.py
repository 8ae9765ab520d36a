"""What the map page asks, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from catalog.errors import FilterError
from catalog.stac.collection import GEOJSON

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from catalog.server.map_data import Box, MapData

_FILTERS: Final = ("region", "not_region", "season", "cover", "split")
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class MapRoutes:
    """Answers about one catalog."""

    data: MapData
    """Source of the answers."""

    def routes(self) -> list[BaseRoute]:
        """All below `/map`."""
        return [
            Route("/map/options.json", self._options),
            Route("/map/countries.json", self._countries),
            Route("/map/scenes.json", self._scenes),
            Route("/map/patches.json", self._patches),
            Route("/map/paths.txt", self._paths),
        ]

    def _options(self, _: Request) -> Response:
        return Response(self.data.options, media_type=_JSON)

    def _countries(self, _: Request) -> Response:
        kept = {"Cache-Control": "max-age=86400"}
        return Response(self.data.countries, media_type=GEOJSON, headers=kept)

    def _scenes(self, request: Request) -> Response:
        return Response(self.data.scenes(_filters(request)), media_type=_JSON)

    def _patches(self, request: Request) -> Response:
        found = self.data.patches(_filters(request), _box(request))
        return Response(found, media_type=GEOJSON)

    def _paths(self, request: Request) -> Response:
        paths = self.data.paths(_filters(request), request.query_params.getlist("sensor"))
        attachment = {"Content-Disposition": f'attachment; filename="{self.data.name}-paths.txt"'}
        return PlainTextResponse("".join(f"{path}\n" for path in paths), headers=attachment)


def _filters(request: Request) -> dict[str, list[str]]:
    return {name: request.query_params.getlist(name) for name in _FILTERS}


def _box(request: Request) -> Box:
    text = request.query_params.get("box", "")
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError as error:
        raise FilterError(
            f"{text!r} is not a valid box: write west,south,east,north in degrees"
        ) from error
    return west, south, east, north
