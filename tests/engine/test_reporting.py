"""What became of records whose source waits to hear: where they are now, or why not, in a person's words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from kobling.access.models import Client
from kobling.hub.models import Connection, Coupling, Pair, SyncIssue, Table
from kobling.hub.runs import reporting
from kobling.sdk.protocols import Told
from kobling.sync.doubts import DOUBTFUL

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CANCELLED, ANNULLERET = "The run was cancelled.", "Kørslen blev annulleret."
GONE, VAEK = "%(vendor)s says that the record is gone.", "V oplyser, at posten ikke findes mere."
VAEK_UNFILLED = "%(vendor)s oplyser, at posten ikke findes mere."
SIDE, SIDE_DA = "The record was deleted on the %(side)s side.", "Posten blev slettet på venstre side."


@pytest.fixture
def table() -> int:
    client = Client.objects.create(name="Test ApS")
    left, right = (Connection.objects.create(client=client, connector="c", name=name) for name in ("left", "right"))
    pair = Pair.objects.create(client=client, pair_type="t", name="test", left=left, right=right)
    Table.objects.create(pair=pair, name="other")
    return Table.objects.create(pair=pair, name="a").pk


def coupled(table: int, left: str, right: str) -> None:
    Coupling.objects.create(
        table_id=table, uid=f"u{left}", left_id=left, right_id=right, base_left="{}", coupled_at=NOW
    )


def issue(table: int, left: str = "1", kind: str = "refused", details: Any = None, **more: Any) -> None:
    SyncIssue.objects.create(
        table_id=table,
        kind=kind,
        subject=f"{left}-{SyncIssue.objects.count()}",
        left_id=left,
        opened_at=NOW,
        seen_at=NOW,
        **{"reason": CANCELLED, "details": json.dumps(details or {}), **more},
    )


def results(table: int, *awaited: str, reports: Any = None, **more: Any) -> list[Told]:
    bench: Any = SimpleNamespace(table=table, mapping=SimpleNamespace(reports=reports))
    there = more.pop("there", {f"r{each}" for each in awaited or ["1"]})
    return reporting.results(bench, awaited or ["1"], NOW, there=there, **more)


def test_what_is_coupled_and_not_there_any_more_is_no_success(table: int) -> None:
    coupled(table, "2", "r2")
    (told,) = results(table, "2", there=set())
    assert not told.done and not told.target_id
    assert "r2" in told.reason


def test_what_is_over_there_is_told_by_its_id_and_what_still_waits_is_not(table: int) -> None:
    coupled(table, "2", "r2")
    assert results(table, "1", "2") == [Told("2", True, NOW, target_id="r2")]


def test_what_is_not_over_there_is_told_with_why(table: int) -> None:
    coupled(table, "2", "r2")
    issue(table)
    assert results(table, "1", "2") == [
        Told("1", False, NOW, reason=ANNULLERET),
        Told("2", True, NOW, target_id="r2"),
    ]


@pytest.mark.parametrize(
    ("kind", "coupling", "told"),
    [(kind, coupling, True) for kind in ("totals", "posted", "refused", "bad_value", "conflict") for coupling in "u "]
    + [("waits", " ", True), ("waits", "u", False), ("altered", " ", False), (DOUBTFUL, " ", False)],
)
def test_a_record_is_told_of_where_it_is_not_as_it_should_be(table: int, kind: str, coupling: str, told: bool) -> None:
    issue(table, kind=kind, coupling=coupling.strip() or None)
    assert bool(results(table)) is told


@pytest.mark.parametrize("more", [{"state": "settled"}, {"left_id": "9"}])
def test_what_was_settled_or_is_about_another_is_not_told(table: int, more: dict[str, Any]) -> None:
    issue(table, **more) if "left_id" not in more else issue(table, left=more["left_id"])
    issue(Table.objects.get(name="other").pk)
    assert results(table) == []


def test_of_several_the_latest_is_told(table: int) -> None:
    issue(table)
    issue(table, reason="Latest")
    assert [each.reason for each in results(table)] == ["Latest"]


@pytest.mark.parametrize(
    ("details", "reports", "reason", "kind"),
    [
        ({"summary": GONE, "params": {"vendor": "V"}}, None, VAEK, ""),
        ({"summary": CANCELLED}, None, ANNULLERET, ""),
        ({"summary": CANCELLED, "params": None}, None, ANNULLERET, ""),
        ({"summary": "100 %"}, None, "100 %", ""),
        ({"summary": "x", "code": "c", "field": "name"}, {"name": "n"}, "x", "c"),
        ({"summary": "x", "code": 7}, None, "x", "7"),
        ({"summary": "x", "field": "name"}, {"name": "n"}, "x", "n"),
        ({"summary": "x", "field": "name"}, {"cvr": "n"}, "x", ""),
        ({"summary": "x", "field": "name"}, None, "x", ""),
        ({}, {"name": "n"}, ANNULLERET, ""),
        ({"fields": None}, None, ANNULLERET, ""),
        ({"fields": {"name": ["Too long"]}}, {"name": "n"}, f"{ANNULLERET} Too long", "n"),
        ({"fields": {"cvr": ["Bad"], "name": ["Too long"]}}, {"name": "n"}, f"{ANNULLERET} Bad Too long", "n"),
        ({"fields": {"name": ["Same"], "cvr": ["Same"]}}, {"x": "n"}, f"{ANNULLERET} Same", ""),
        ({"fields": {"name": [[GONE, {"vendor": "V"}], "other"]}}, None, f"{ANNULLERET} {VAEK}", ""),
        ({"fields": {"name": [], "cvr": ["", "y"], "x": [None, "y"]}}, {"x": "k"}, ANNULLERET, "k"),
    ],
)
def test_why_is_a_sentence_and_a_short_code(table: int, details: Any, reports: Any, reason: str, kind: str) -> None:
    issue(table, details=details)
    assert results(table, reports=reports) == [Told("1", False, NOW, reason=reason, kind=kind)]


@pytest.mark.parametrize(
    ("fields", "reason"), [({"name": ["Too long"]}, "Too long"), ({}, ANNULLERET), ({"name": [""]}, ANNULLERET)]
)
def test_of_a_value_that_is_wrong_its_own_sentence_is_enough(table: int, fields: Any, reason: str) -> None:
    issue(table, kind="bad_value", details={"fields": fields})
    assert [each.reason for each in results(table)] == [reason]


def test_a_reason_has_its_parameters_and_none_stays_none(table: int) -> None:
    issue(table, reason=GONE, params=json.dumps({"vendor": "V"}))
    assert [each.reason for each in results(table)] == [VAEK]
    issue(table, reason="", details={"fields": {"name": ["Too long"]}})
    assert [each.reason for each in results(table)] == ["Too long"]


def test_reasons_are_in_the_language_of_those_who_read_them(table: int) -> None:
    issue(table)
    with translation.override("sv"):
        assert [each.reason for each in results(table)] == [ANNULLERET]
        assert [each.reason for each in results(table, language="en")] == [CANCELLED]
        assert translation.get_language() == "sv"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ({"summary": GONE, "params": {"vendor": "V"}}, VAEK),
        ({"summary": CANCELLED}, ANNULLERET),
        ({"summary": CANCELLED, "params": None}, ANNULLERET),
        ({"summary": "100 %", "params": {}}, "100 %"),
        ({"summary": ""}, ""),
        ({"summary": GONE, "params": {"other": "V"}}, VAEK_UNFILLED),
        ({"summary": SIDE, "params": {"side": "left"}}, SIDE_DA),
    ],
)
def test_a_failure_of_a_table_is_a_sentence(failure: dict[str, Any], said: str) -> None:
    assert reporting.said(failure) == said
    assert reporting.said({"summary": CANCELLED}, "en") == CANCELLED
