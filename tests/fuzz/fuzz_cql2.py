"""CQL2 as JSON and text: valid filters, damaged ones, hostile ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import cql2
from asked import Asked
from cql2_in_python import NOISE, holds
from cql2_trees import Trees
from mutations import mutate
from outcome import Outcome

if TYPE_CHECKING:
    import random
    from pathlib import Path

_NOISE: Final = (
    *NOISE,
    *("'winter'", "cover.forest", " > ", "0.5", "..", "'2017-06-01'", "''", "\udcff"),
)
_HOSTILE: Final = (
    "read_text('{}') = 'x'",
    "\"(SELECT content FROM read_text('{}'))\" = 'x'",
    "id = 'x') OR EXISTS (FROM read_csv('{}')) --'",
    "id LIKE '%'' OR EXISTS (FROM ''{}'')'",
    "S_INTERSECTS(geometry, ST_Read('{}'))",
    '{{"op": "read_text", "args": ["{}"]}}',
    '{{"op": "=", "args": [{{"property": "id FROM \'{}\'"}}, 1]}}',
    '{{"op": "in", "args": [{{"property": "id"}}, ["\') OR EXISTS (FROM \'{}\') --"]]}}',
    '{{"op": "t_after", "args": [{{"property": "datetime"}}, {{"timestamp": "\'{}\'"}}]}}',
    '{{"op": "sql", "args": ["COPY patches TO \'{}\'"]}}',
)


class Cql2:
    """Valid filters select what they do in Python; others what their SQL does, or nothing."""

    name = "cql2"
    what = "CQL2 as JSON and text; oracles: Python and shapely, plain DuckDB, inotify"
    share = 3

    def __init__(self, folder: Path) -> None:
        self.asked = Asked(folder)
        self.rows = self.asked.rows()
        self.evidence = b""

    def run(self, draw: random.Random) -> Outcome:
        """One filter of one of the kinds."""
        kind = draw.random()
        tree = Trees(draw).filter()
        if kind < 0.6:
            return self._run_valid(tree, _written(tree, draw))
        if kind < 0.85:
            text = mutate(_written(tree, draw).encode(), draw).data.decode("utf-8", "replace")
        elif kind < 0.95:
            text = "".join(draw.choices(_NOISE, k=draw.randint(1, 40))) * draw.choice((1, 1, 10))
        else:
            text = draw.choice(_HOSTILE).format(self.asked.secret)
        found, problem = self._answer(text)
        return Outcome(1, found is not None, problem)

    def _run_valid(self, tree: Any, text: str) -> Outcome:
        found, problem = self._answer(text)
        expected = [row["id"] for row in self.rows if holds(row, tree) is True]
        if not problem and found != expected and not (found is None and _is_long(text)):
            problem = f"{found} where Python has {expected}"
        return Outcome(1, found is not None, problem)

    def _answer(self, text: str) -> tuple[list[str] | None, str]:
        self.evidence = text.encode("utf-8", "surrogatepass")
        return self.asked.ids(filter=text)


def _written(tree: Any, draw: random.Random) -> str:
    """A filter as JSON; or as text, if the package that parses it reads the same from it."""
    written = json.dumps(tree)
    if draw.random() < 0.5:
        return written
    try:
        text: str = cql2.parse_json(written).to_text()
        same = cql2.parse_text(text).to_json() == tree
    except (ValueError, cql2.ParseError):
        same = False
    return text if same else written


def _is_long(text: str) -> bool:
    """Whether a filter as text may be beyond what the parser is trusted with."""
    return not text.startswith("{") and text.count("(") > 10
