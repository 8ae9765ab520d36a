"""A question cannot write, attach, install or read other files; it ends, and has bounds."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import duckdb
import pytest

import catalog.query.database
from catalog import Catalog, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Small

    Opened = dict[str, tuple[Catalog, Catalog]]

COMMANDS = """\
COPY patches TO '{folder}/stolen.csv'
COPY (SELECT 1) TO '{folder}/stolen.parquet' (FORMAT parquet)
EXPORT DATABASE '{folder}/stolen'
IMPORT DATABASE '{folder}'
ATTACH '{folder}/other.duckdb'
ATTACH ':memory:' AS mine
DETACH catalog
USE memory
INSTALL httpfs
FORCE INSTALL spatial
LOAD httpfs
SET enable_external_access = true
SET lock_configuration = false
SET memory_limit = '100GB'
SET VARIABLE items = '/etc/passwd'
RESET memory_limit
PRAGMA enable_profiling
PRAGMA memory_limit = '100GB'
CALL enable_logging()
CREATE TABLE mine AS FROM patches
CREATE TEMP TABLE mine AS SELECT 1
CREATE OR REPLACE VIEW patches AS SELECT 1
CREATE MACRO mine() AS 1
CREATE SECRET (TYPE s3)
INSERT INTO patches FROM patches
UPDATE patches SET season = 'summer'
DELETE FROM patches
DROP VIEW patches
ALTER TABLE patches RENAME TO mine
CHECKPOINT
VACUUM
BEGIN
PREPARE mine AS SELECT 1
SELECT 1; COPY patches TO '{folder}/stolen.csv'
EXPLAIN COPY patches TO '{folder}/stolen.csv'
EXPLAIN ANALYZE COPY patches TO '{folder}/stolen.csv'
explain (analyze) copy patches to '{folder}/stolen.csv'
EXPLAIN (ANALYZE, FORMAT json) COPY patches TO '{folder}/stolen.csv'
EXPLAIN /* why */ ANALYZE COPY patches TO '{folder}/stolen.csv'
EXPLAIN (/*) SELECT 1 --*/ ANALYZE) COPY patches TO '{folder}/stolen.csv'
EXPLAIN ANALYZE CREATE TABLE mine AS SELECT 1
EXPLAIN ANALYZE SELECT 1; COPY patches TO '{folder}/stolen.csv'
""".splitlines()

READERS = """\
read_text('/etc/passwd')
read_blob('/etc/passwd')
read_csv('/etc/passwd')
read_json('/etc/passwd')
read_parquet('/etc/passwd')
read_text('/proc/self/environ')
read_text('{secret}')
read_text('{items}/../../../secret.txt')
read_text('https://example.org/')
read_parquet('s3://bucket/secret.parquet')
read_duckdb('{secret}')
sniff_csv('/etc/passwd')
glob('/etc/*')
glob('{temporary}/*')
ST_Read('/etc/passwd')
ST_Read('/vsicurl/https://example.org/x.gpkg')
ST_Read_Meta('/etc/passwd')
parquet_metadata('/etc/passwd')
query('SELECT * FROM read_text(''/etc/passwd'')')
query('COPY patches TO ''{secret}''')
query_table('/etc/passwd')
sqlite_scan('{secret}', 'x')
postgres_scan('host=localhost', 'x', 'y')
"/etc/passwd"
'/etc/passwd'
'{secret}'
""".splitlines()

NESTED = {
    "plain": "FROM {}",
    "subquery": "SELECT (SELECT count(*) FROM {})",
    "table": "WITH stolen AS (FROM {}) SELECT * FROM stolen",
    "filter": "FROM patches WHERE EXISTS (FROM {})",
    "join": "SELECT * FROM patches CROSS JOIN {}",
    "explained": "EXPLAIN ANALYZE FROM {}",
    "summarized": "SUMMARIZE FROM {}",
}
ENDLESS = "FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range = 7"


@pytest.fixture(scope="module")
def secret() -> Iterator[Path]:
    """A file of somebody else in the folder for temporary files."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(b"secret")
        file.flush()
        yield Path(file.name)


def readers(cat: Catalog, secret: Path) -> list[str]:
    """All that reads a file which is none of the catalog's."""
    places = {"secret": secret, "items": cat.items, "temporary": tempfile.gettempdir()}
    return [reader.format(**places) for reader in READERS]


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_refused(opened: Opened, tmp_path: Path, command: str, bare: bool) -> None:
    cat = opened["small"][bare]
    with pytest.raises(QueryError):
        cat.sql(command.format(folder=tmp_path))
    assert not list(tmp_path.iterdir())
    assert len(cat.select()) == 54


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
@pytest.mark.parametrize("nesting", NESTED)
def test_other_files_cannot_be_read(opened: Opened, secret: Path, nesting: str, bare: bool) -> None:
    cat = opened["small"][bare]
    for reader in readers(cat, secret):
        with pytest.raises((QueryError, duckdb.Error)):
            cat.sql(NESTED[nesting].format(reader)).fetchall()


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
def test_other_files_cannot_be_read_by_an_expression(
    opened: Opened, secret: Path, bare: bool
) -> None:
    cat = opened["small"][bare]
    for reader in readers(cat, secret):
        with pytest.raises(QueryError):
            len(cat.select(where=f"EXISTS (FROM {reader})"))
    for function in ("getenv('HOME')", "current_setting('s3_secret_access_key') = 'x'"):
        with pytest.raises(QueryError):
            len(cat.select(where=f"{function} = 'x'"))


@pytest.mark.parametrize(
    "query", ["EXPLAIN FROM patches", "EXPLAIN ANALYZE FROM patches",
              "explain (format json) FROM patches",
              "EXPLAIN ANALYZE\n-- Which?\nSELECT id FROM patches"],
)  # fmt: skip
def test_a_question_may_be_explained(opened: Opened, query: str) -> None:
    for cat in opened["small"]:
        assert cat.sql(query).fetchall()


# Runaways


@contextmanager
def interrupting(cat: Catalog) -> Iterator[None]:
    """Interrupt it again and again: an interrupt before the question has begun is forgotten."""
    over = Event()

    def interrupt() -> None:
        while not over.wait(0.3):
            cat.interrupt()

    thread = Thread(target=interrupt)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
def test_an_endless_question_can_be_interrupted(opened: Opened, bare: bool) -> None:
    cat = opened["small"][bare]
    with interrupting(cat), pytest.raises(duckdb.InterruptException):
        cat.sql(f"SELECT count(*) {ENDLESS}").fetchall()
    with interrupting(cat), pytest.raises(QueryError, match="Interrupted"):
        len(cat.select(where=f"EXISTS ({ENDLESS} AND a.range = patch)"))
    assert len(cat.select()) == 54


def test_memory_is_bounded_and_the_bound_is_shown(opened: Opened) -> None:
    for cat in opened["small"]:
        assert cat.sql("SELECT current_setting('memory_limit')").fetchall() == [("3.7 GiB",)]


@pytest.mark.parametrize("bare", [False, True], ids=["database", "table"])
def test_a_question_beyond_the_bound_fails_and_the_next_is_answered(
    small: Small, monkeypatch: pytest.MonkeyPatch, bare: bool
) -> None:
    monkeypatch.setattr(catalog.query.database, "MEMORY", "200MB")
    with Catalog.open(small.out / "items.parquet" if bare else small.out) as cat:
        with pytest.raises(duckdb.OutOfMemoryException):
            cat.sql("SELECT length(list(range)) FROM range(100_000_000)").fetchall()
        assert len(cat.select()) == 54


def test_temporary_files_are_gone_with_the_catalog(
    small: Small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(catalog.query.database, "MEMORY", "100MB")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Catalog.open(small.out) as cat:
        answer = cat.sql("SELECT range, md5(range::VARCHAR) AS m FROM range(3_000_000) ORDER BY m")
        assert answer.fetchone()
        assert list(tmp_path.iterdir()), "there is more than memory holds"
        del answer
    assert list(tmp_path.iterdir()) == []
