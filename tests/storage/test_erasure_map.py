"""The map of erasure names every column of every table: who adds one says whether it holds anything of a customer."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.erasure import COUNTED
from storage.erasure_map import MAP, Emptied, Gone
from storage.tables import METADATA

HOW = (
    "storage/erasure_map.py must say what becomes of {what} when a person is erased: a column of a Gone table goes with its"
    " row, of an Emptied one is `kept` or `emptied`; a table that holds nothing of customers is Ours, with the reason why"
)


@pytest.mark.parametrize("table", sorted(METADATA.tables))
def test_every_column_is_in_the_map(table: str) -> None:
    there = set(METADATA.tables[table].columns.keys())
    rule = MAP.get(table)
    assert rule is not None, HOW.format(what=f"the table {table} ({' '.join(METADATA.tables[table].columns.keys())})")
    told = {*rule.kept.split(), *rule.emptied} if isinstance(rule, Emptied) else set(rule.columns.split())
    assert there <= told, HOW.format(what=", ".join(f"{table}.{column}" for column in sorted(there - told)))
    assert told <= there, f"the map names columns that {table} has not: {', '.join(sorted(told - there))}"
    if not hasattr(rule, "why"):
        assert set(rule.key.split()) == set(METADATA.tables[table].primary_key.columns.keys())


def test_nothing_sealed_under_a_persons_key_is_called_ours() -> None:
    """What has a `contact_id` is somebody's."""
    ours = {
        name
        for name, table in METADATA.tables.items()
        if "contact_id" in table.columns and not hasattr(MAP[name], "by")
    }
    assert ours == {"erasure", "held"}, "a table with a contact's id is his: Gone or Emptied"
    assert set(MAP) == set(METADATA.tables)


@pytest.fixture(scope="module")
def empty() -> sqlite3.Connection:
    """The tables, as the models say, without a row."""
    dialect = create_engine("sqlite://").dialect
    made = sqlite3.connect(":memory:")
    for table in METADATA.sorted_tables:
        made.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            made.execute(str(CreateIndex(index).compile(dialect=dialect)))
    return made


@pytest.mark.parametrize(
    "table", [table for table, rule in MAP.items() if isinstance(rule, Gone | Emptied) and rule.by]
)
def test_what_is_his_is_found_by_an_index(table: str, empty: sqlite3.Connection) -> None:
    """An erasure that looks through a whole table keeps everybody else waiting."""
    rule = MAP[table]
    assert isinstance(rule, Gone | Emptied)
    assert table in COUNTED or table in ("inbound_conflict", "inbox_event")
    for where, _ in rule.by:
        listed = where.replace(":among", ", ".join("?" * 4))
        plan = empty.execute(
            f"EXPLAIN QUERY PLAN SELECT {', '.join(rule.key.split())} FROM {table} WHERE {listed}", "abcd"
        )
        looks = [line[3] for line in plan if line[3].startswith(("SCAN", "SEARCH"))]
        assert looks
        assert all(look.startswith("SEARCH") for look in looks), looks
