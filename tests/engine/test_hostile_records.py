"""Records with odd texts, ids and sizes: each concerns itself alone, on either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.hub.models import SyncIssue
from kobling.records import Record
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = {
    "a nought": "Al\x00fa",
    "half a character": "Al\ud800fa",
    "very long": "Alfa " * 40_000,
    "right to left": "\u202eafla",
    "emoji": "Alfa 🧾🇩🇰",
    "no letters": "\u200b\u200b",
    "a control": "Al\x1b[31mfa",
    "per cent": "100 %(name)s %d %",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_an_odd_text_stops_no_other_record_and_arrives_or_is_told(bench: Bench, text: str) -> None:
    odd = bench.companies.put({"title": text, "mail": "odd@x.example"}).external_id
    for n in range(3):
        bench.companies.put({"title": f"Firma {n}"})
    for _ in range(2):
        assert bench.run().state in ("done", "partly_done")
    names = [each["Name"] for each in bench.fields_right()]
    assert {f"Firma {n}" for n in range(3)} <= set(names)
    told = SyncIssue.objects.filter(left_id=odd).exclude(state="settled").exists()
    assert told or len(names) == 4
    assert len(names) <= 4 and len(bench.contacts.sent) <= 5


IDS = {
    "a nought": "a\x00b",
    "half a character": "a\ud800b",
    "very long": "x" * 300,
    "per cent": "100 %s",
    "quotes": "a'b\"c;--",
}


@pytest.mark.parametrize("external_id", IDS.values(), ids=list(IDS))
def test_an_odd_id_stops_no_other_record_and_arrives_or_is_told(bench: Bench, external_id: str) -> None:
    bench.companies.put({"title": "Odd"}, external_id)
    for n in range(3):
        bench.companies.put({"title": f"Firma {n}"})
    for _ in range(2):
        assert bench.run().state in ("done", "partly_done")
    names = [each["Name"] for each in bench.fields_right()]
    assert {f"Firma {n}" for n in range(3)} <= set(names)
    assert "Odd" in names or bench.issues() != []
    assert names.count("Odd") <= 1


@pytest.mark.parametrize("version", ["v" * 1000, "\x00", "\ud800"])
def test_an_odd_version_token_stops_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    made = bench.companies.put({"title": "Alfa"})
    row = bench.companies._rows[made.external_id]
    row.record = Record("companies", made.external_id, row.record.fields, version, datetime(2026, 11, 1, tzinfo=UTC))
    bench.companies.put({"title": "Beta"})
    assert bench.run().state in ("done", "partly_done")
    assert "Beta" in [each["Name"] for each in bench.fields_right()]


@pytest.mark.parametrize("value", [{"a": {"b": [1] * 1000}}, ["x"] * 1000, True, -5])
def test_an_odd_shape_where_a_text_belongs_stops_no_other_record(bench: Bench, value: Any) -> None:
    bench.companies.put({"title": value})
    bench.companies.put({"title": "Beta"})
    assert bench.run().state in ("done", "partly_done")
    assert "Beta" in [each["Name"] for each in bench.fields_right()]
