"""The web application, read-only.

::

    /              leads to the map, which is the page of the catalog's folder
    /api/…         the STAC API: search in the catalog
    /schemas/…     the JSON Schema of the fields that only this dataset has
    /catalog/…     the catalog, with this server's hrefs in its JSON
    /data/…        files of the dataset, laid out as it is published
    /previews/…    thumbnails and overviews
    /browser/      STAC Browser, once it was built

Pages of other servers may ask for what STAC clients need, the hosted STAC Browser among them.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from catalog.errors import CatalogError
from catalog.server.api_data import ApiData
from catalog.server.api_routes import ApiRoutes
from catalog.server.file_routes import FileRoutes
from catalog.server.guard import LOOPBACK, Guard, Sharing
from catalog.server.map_routes import MapRoutes
from catalog.server.pool import Pool
from catalog.server.responses import file_response
from catalog.server.site import Site, file_below
from catalog.server.stac_browser import browser_folder, config_script

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from catalog.reading.catalog import Catalog

_NOT_BUILT: Final = Path(__file__).with_name("not_built.html")


def create_app(catalog: Catalog, hosts: Iterable[str] = LOOPBACK) -> Starlette:
    """The application that serves a catalog.

    Parameters
    ----------
    catalog : Catalog
        Threads may ask at the same time.
    hosts : iterable of str
        Names that the server is asked by, without a port; `*` for any.

    Raises
    ------
    CatalogNotFoundError
        If its report is missing or damaged. A bare table has none, and is served without files.
    """
    pool = Pool(catalog.session)
    api = ApiRoutes(ApiData(catalog), pool).routes()
    if catalog.folder is None:
        start: list[BaseRoute] = [Route("/", _to_api)]
    else:
        site = Site.from_catalog(catalog)
        start = [*MapRoutes(site).routes(), *FileRoutes(site, pool).routes()]
    app = Starlette(
        routes=[
            *start,
            *api,
            *_pages(catalog.dataset.about.title),
        ],
        middleware=[Middleware(Guard, hosts=hosts), Middleware(Sharing)],
        exception_handlers={CatalogError: _refuse, HTTPException: _tell},
    )
    app.state.pool = pool
    return app


def _pages(title: str) -> list[BaseRoute]:
    def config(request: Request) -> Response:
        script = config_script(str(request.base_url), title)
        kept = {"Cache-Control": "no-cache"}
        return Response(script, media_type="text/javascript", headers=kept)

    built = browser_folder()

    def page(request: Request) -> Response:
        path = file_below(built / "stac-browser", request.path_params["name"] or "index.html")
        if path is None:
            raise HTTPException(404, "STAC Browser has no such file")
        return file_response(request, path)

    if not built.is_dir():
        return [Route("/browser/", _not_built)]
    return [Route("/browser/config.js", config), Route("/browser/{name:path}", page)]


def _to_api(_: Request) -> Response:
    return RedirectResponse("api/")


def _not_built(_: Request) -> Response:
    return FileResponse(_NOT_BUILT, status_code=404)


def _tell(request: Request, error: Exception) -> Response:
    """An error of HTTP: as JSON from the API, as STAC has it, else as text."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if not path.startswith("/api"):
        return PlainTextResponse(error.detail, error.status_code, headers=error.headers)
    told = {"code": HTTPStatus(error.status_code).phrase, "description": error.detail}
    return JSONResponse(told, error.status_code, headers=error.headers)


def _refuse(_: Request, error: Exception) -> Response:
    """An error that the user can mend, as one sentence."""
    told = {"error": str(error), "code": type(error).__name__, "description": str(error)}
    return Response(orjson.dumps(told), 400, media_type="application/json")
