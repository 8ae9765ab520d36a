"""`sen12ms serve`: a catalog in the web browser."""

from __future__ import annotations

import webbrowser
from functools import partial
from urllib.parse import urlsplit

import click

from catalog.cli.options import Integer, out_argument, root_option
from catalog.errors import MissingExtraError
from catalog.reading.catalog import Catalog
from catalog.server.build_browser import build_browser
from catalog.server.stac_browser import browser_folder, hosted_url


def _build(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        build_browser(lambda sentence: click.echo(sentence, err=True))
        context.exit()


@click.command(short_help="Open a catalog in the web browser.")
@out_argument
@click.option(
    "--port",
    type=Integer(0, 65535),
    default=8000,
    show_default=True,
    help="Port; 0 for any that is free.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Interface; with any other than loopback, the network can read the dataset.",
)
@click.option(
    "--allow-host",
    "allowed",
    metavar="NAME",
    multiple=True,
    help="Another host name of the server, such as that of a proxy; may be repeated.",
)
@click.option(
    "--root-path",
    metavar="PATH",
    default="",
    help="Path that a proxy strips, such as JupyterHub's /user/NAME/proxy/8000.",
)
@click.option("--open", "opened", is_flag=True, help="Open STAC Browser, or else the map.")
@root_option
@click.option(
    "--build-browser",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_build,
    help="Build STAC Browser into a cache folder, once; needs Node.js.",
)
def serve(  # noqa: PLR0913 - one argument an option
    out: str,
    *,
    port: int,
    host: str,
    allowed: tuple[str, ...],
    root_path: str,
    opened: bool,
    root: str | None,
) -> None:
    """Serve the catalog OUT, the dataset behind it, a map and STAC Browser, until Ctrl-C.

    Nothing outside the catalog and the dataset's root can be read through it.

    Example: sen12ms serve OUT --open
    """
    try:
        # An optional extra.
        from catalog.server import current, hosting  # noqa: PLC0415
        from catalog.server.guard import LOOPBACK  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"the server needs {error.name}: pip install 'sen12ms-catalog[server]'"
        ) from error
    with Catalog.open(out, root=root) as cat, hosting.listen(host, port) as listener:
        url = hosting.url_of(listener)
        own = urlsplit(url).netloc.rpartition(":")[0]  # in brackets if it is one of IPv6
        hosts = {*LOOPBACK, host.lower(), own, *map(str.lower, allowed)}
        application = current.CurrentApp(cat, partial(Catalog.open, out, root=root), hosts)
        if host in hosting.ANY:
            click.echo(
                f"Everyone who can reach {url} can read the catalog and its files: leave out "
                "--host to serve this machine alone.",
                err=True,
            )
        start = _announce(url)
        if opened:
            webbrowser.open(start)
        hosting.run(application, listener, root_path)


def _announce(url: str) -> str:
    """Say where things are; returns what to look at first."""
    click.echo(f"Map:           {url}", err=True)
    if browser_folder().is_dir():
        click.echo(f"STAC Browser:  {url}browser/", err=True)
        return f"{url}browser/"
    click.echo(f"STAC Browser:  {hosted_url(f'{url}api')}", err=True)
    click.echo("               or your own: sen12ms serve --build-browser, once", err=True)
    return url
