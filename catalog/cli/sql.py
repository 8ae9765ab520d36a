"""`sen12ms sql`: any question, in SQL."""

from __future__ import annotations

import click

from catalog.cli.formats import ANSWERS, write_answer
from catalog.cli.opened import opened
from catalog.cli.options import Number, out_argument, print_options, root_option
from catalog.cli.supervised import supervise


@click.command(short_help="Run an SQL query over a catalog.")
@out_argument
@click.argument("query", metavar="QUERY")
@print_options(ANSWERS, "How to print the answer; a table has the first 40 rows.")
@click.option(
    "--timeout",
    type=Number(0, min_open=True),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="Longest time for the answer.",
)
@root_option
def sql(
    out: str, query: str, format_: str | None, output: str | None, timeout: float, root: str | None
) -> None:
    """Run one SQL query over the catalog OUT.

    QUERY is the text, a file that ends in .sql, or - for standard input. The views are `patches`,
    `scenes`, `regions`, `landcover_classes` and `members`; `DESCRIBE patches` lists columns.

    Example: sen12ms sql OUT "SELECT scene_id, country, patches FROM scenes"
    """
    text = _text(query)
    supervise(timeout)
    with opened(out, root) as cat:
        write_answer(cat.sql(text), format_, output)


def _text(query: str) -> str:
    if query != "-" and not query.endswith(".sql"):
        return query
    try:
        with click.open_file(query, encoding="utf-8") as file:
            return str(file.read())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"the query cannot be read from {query}: {reason}") from error
