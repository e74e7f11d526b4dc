"""Files of a connection: what a preview showed is what is made, once, and never beside a pair."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from kobling.access.policy import Actor
from kobling.files import PROFILES, AnswerForm, Document, Line, Total
from kobling.hub import runs
from kobling.hub.models import Event, ExportedDocument, FileExport
from kobling.hub.services import exporting, syncing
from kobling.hub.services.exporting import Wish
from kobling.pairs.file_exports import About, FileSource, Held
from kobling.records import SettingsError, Unsafe
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHO = Actor.operator("bogholder")
SHEET = PROFILES["spreadsheet-da"]
WISH = Wish(SHEET)


def documents(rows: Any, _codes: Mapping[str, str], _departments: frozenset[str]) -> Iterator[Document | Held]:
    for source_id, fields in rows["orders"].items():
        amount = Decimal(fields.get("amount") or 10)
        if amount < 0:
            about = About("Alfa", amount, "DKK")
            yield Held(source_id, fields["subject"], "Held: %(why)s", {"why": "negative"}, about=about)
            continue
        line = Line(fields.get("text", "Vare"), Decimal(1), amount, amount)
        total = Total(Decimal(fields["total"])) if "total" in fields else None
        currency = fields.get("currency", "DKK")
        yield Document("invoice", source_id, fields["subject"], date(2026, 11, 1), currency, (line,), total=total)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    source = FileSource("left", "orders", (), "spreadsheet-da", documents)
    monkeypatch.setattr(exporting, "SOURCES", {"left": source})
    yield from benches()


def orders(bench: Bench, *numbers: str) -> list[str]:
    return [bench.left.resources["orders"].put({"subject": each}).external_id for each in numbers]


def make(bench: Bench, wish: Wish = WISH, **more: Any) -> FileExport:
    return exporting.make(WHO, bench.pair.left, bench.opener, wish, NOW, **more)


def preview(bench: Bench, wish: Wish = WISH) -> exporting.Preview:
    return exporting.preview(WHO, bench.pair.left, bench.opener, wish)


def test_what_the_preview_showed_is_what_is_made_and_stays_byte_by_byte(bench: Bench) -> None:
    orders(bench, "1", "2")
    shown = preview(bench)
    assert [each.number for each in shown.documents] == ["1", "2"] and shown.totals == {"DKK": Decimal("20.00")}
    assert not FileExport.objects.exists(), "a preview stores nothing"
    made = make(bench, as_shown=shown.digest)
    for _ in range(2):
        assert exporting.download(WHO, made.pk)[1] == shown.content
    assert (made.number_of_documents, made.totals) == (2, {"DKK": "20.00"})
    assert Event.objects.get(what="file_made").who == "bogholder"


def test_what_changed_since_the_preview_is_not_made_unseen(bench: Bench) -> None:
    orders(bench, "1")
    shown = preview(bench)
    orders(bench, "2")
    with pytest.raises(Unsafe, match="changed"):
        make(bench, as_shown=shown.digest)
    assert not FileExport.objects.exists()


def test_a_document_is_in_one_file_unless_a_person_says_why_it_goes_again(bench: Bench) -> None:
    orders(bench, "1")
    make(bench)
    orders(bench, "2")
    (left,) = preview(bench).left
    assert (left.number, left.kind) == ("1", "in_a_file")
    assert [each.number for each in exporting.documents(WHO, make(bench))] == ["2"]
    with pytest.raises(Unsafe, match="nothing"):
        make(bench)
    again = Wish(WISH.profile, again=True, numbers=("1",))
    with pytest.raises(Unsafe, match="Say why"):
        make(bench, again)
    third = make(bench, again, why="filen blev væk")
    assert [each.number for each in exporting.documents(WHO, third)] == ["1"]
    assert Event.objects.filter(what="file_made").last().why == "filen blev væk"  # type: ignore[union-attr]


def test_the_database_itself_knows_a_document_in_one_file_only(bench: Bench) -> None:
    from django.db import IntegrityError

    orders(bench, "1")
    row = make(bench).documents.get()
    row.pk = None
    with pytest.raises(IntegrityError):
        row.save()


def test_an_exported_document_goes_over_no_pair(bench: Bench) -> None:
    orders(bench, "1", "2")
    make(bench, Wish(WISH.profile, numbers=("1",)))
    run = bench.run()
    assert [each.fields["Text"] for each in bench.right.resources["invoices"].all()] == ["2"]
    assert bench.counts(run, "orders") == {"inserted": 1, "skipped": 1}


def test_what_a_pair_has_sent_goes_into_no_file(bench: Bench) -> None:
    orders(bench, "1")
    bench.run()
    orders(bench, "2")
    shown = preview(bench)
    assert [each.number for each in shown.documents] == ["2"]
    assert [(each.number, each.kind) for each in shown.left] == [("1", "by_a_pair")]
    again = Wish(WISH.profile, again=True)
    assert [each.number for each in exporting.documents(WHO, make(bench, again))] == ["2"], "not even again"


def test_no_file_is_made_while_a_pair_is_at_work(bench: Bench) -> None:
    orders(bench, "1")
    syncing.sync(WHO, bench.pair, NOW)
    runs.claim("worker", NOW)
    with pytest.raises(Unsafe, match="going on"):
        make(bench)
    assert not FileExport.objects.exists()


def test_a_withdrawn_file_frees_its_documents_for_files_and_pairs(bench: Bench) -> None:
    orders(bench, "1")
    first = make(bench)
    bench.run()
    assert exporting.withdraw(WHO, first, NOW, "forkert måned") == 1
    assert [each.number for each in preview(bench).documents] == ["1"]
    bench.run()
    assert len(bench.right.resources["invoices"].all()) == 1


def test_a_file_is_transferred_once_and_then_cannot_be_withdrawn(bench: Bench) -> None:
    orders(bench, "1")
    made = make(bench)
    exporting.mark_transferred(WHO, made, bench.opener, NOW)
    with pytest.raises(Unsafe, match="already"):
        exporting.mark_transferred(WHO, made, bench.opener, NOW)
    with pytest.raises(Unsafe, match="transferred"):
        exporting.withdraw(WHO, made, NOW)
    assert preview(bench).documents == []


def test_a_withdrawn_file_is_never_transferred(bench: Bench) -> None:
    orders(bench, "1")
    made = make(bench)
    exporting.withdraw(WHO, made, NOW)
    with pytest.raises(Unsafe, match="withdrawn"):
        exporting.mark_transferred(WHO, made, bench.opener, NOW)


def test_an_answer_frees_what_was_refused_and_nothing_else(bench: Bench) -> None:
    orders(bench, "1", "2", "3")
    made = make(bench)
    exporting.mark_transferred(WHO, made, bench.opener, NOW)
    lines = b"Faktura;Status;Besked\n1;OK\n2;Fejl;Ukendt kunde\nLog slut\n"
    answer = exporting.acknowledge(WHO, made, lines, NOW)
    assert answer.unknown == ((4, "Log slut"),)
    states = {each.number: (each.state, each.reason) for each in exporting.documents(WHO, made)}
    assert states == {"1": ("accepted", ""), "2": ("refused", "Ukendt kunde"), "3": ("exported", "")}
    assert [each.number for each in preview(bench).documents] == ["2"]


def test_an_answer_to_another_file_is_refused(bench: Bench) -> None:
    orders(bench, "1")
    with pytest.raises(SettingsError, match="none of"):
        exporting.acknowledge(WHO, make(bench), b"Faktura;Status\n77;OK\n", NOW)


def test_an_answer_that_cannot_be_read_changes_nothing_and_says_why(bench: Bench) -> None:
    orders(bench, "1", "2")
    made = make(bench)
    with pytest.raises(SettingsError, match=r"Expected in its first line.*Fakturanr.*Found: “1”, “OK”"):
        exporting.acknowledge(WHO, made, b"1;OK\n2;Fejl\n", NOW)
    with pytest.raises(SettingsError, match=r"none of its documents whether.*\(2\)"):
        exporting.acknowledge(WHO, made, b"Faktura;Status\n2;INFO\n", NOW)
    made.refresh_from_db()
    assert made.acknowledged_at is None
    assert {each.state for each in exporting.documents(WHO, made)} == {"exported"}


def test_a_profile_says_how_its_answer_looks_when_made_or_when_answered(bench: Bench) -> None:
    orders(bench, "1", "2")
    form = replace(SHEET, answer=AnswerForm(number=2, verdict=3, taken=("J",), refused=("N",)))
    made = make(bench, Wish(form, numbers=("1",)))
    told = exporting.acknowledge(WHO, made, b"2;1;J;x\n", NOW).told
    assert [(each.number, each.taken) for each in told] == [("1", True)]
    other = make(bench, Wish(SHEET, numbers=("2",)))
    told = exporting.acknowledge(WHO, other, b"1;2;N;x\n", NOW, form).told
    assert [(each.number, each.taken) for each in told] == [("2", False)]


def test_two_documents_of_one_number_are_not_told_apart_by_guessing(bench: Bench) -> None:
    orders(bench, "1", "1", "2")
    answer = exporting.acknowledge(WHO, make(bench), b"Faktura;Status\n1;Fejl\n2;OK\n", NOW)
    assert [each.number for each in answer.told] == ["2"] and answer.unknown == ((2, "1;Fejl"),)


def test_a_damaged_file_is_not_handed_out(bench: Bench) -> None:
    orders(bench, "1")
    made = make(bench)
    FileExport.objects.filter(pk=made.pk).update(content=b"noget andet")
    with pytest.raises(Unsafe, match="damaged"):
        exporting.download(WHO, made.pk)


def test_what_is_held_back_is_told_with_its_reason_and_the_rest_goes(bench: Bench) -> None:
    orders(bench, "1")
    bench.left.resources["orders"].put({"subject": "2", "amount": "-5"})
    bench.left.resources["orders"].put({"subject": "3", "text": " "})
    shown = preview(bench, Wish(PROFILES["recman-uni-assumed"]))
    assert {each.number: each.kind for each in shown.left} == {"1": "held", "2": "held", "3": "held"}
    shown = preview(bench)
    assert [each.number for each in shown.left] == ["2"]
    assert [each.number for each in shown.documents] == ["1", "3"]


def test_only_since_a_day_and_only_some_numbers(bench: Bench) -> None:
    orders(bench, "1", "2", "3")
    shown = preview(bench, Wish(WISH.profile, since=date(2026, 11, 2)))
    assert shown.documents == [] and shown.left_out == {"before": 3}
    shown = preview(bench, Wish(WISH.profile, numbers=("3", "1", "9")))
    assert [each.number for each in shown.documents] == ["1", "3"]
    assert [(each.number, each.kind) for each in shown.left] == [("2", "not_asked"), ("9", "not_there")]


def test_what_is_left_out_is_counted_and_listed_with_the_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_LISTED", 1)
    orders(bench, "1", "2")
    make(bench, WISH)
    orders(bench, "3")
    for number in ("4", "5"):
        bench.left.resources["orders"].put({"subject": number, "amount": "-5"})
    made = make(bench)
    assert made.left_out == {"held": 2, "in_a_file": 2}
    left = exporting.left_out(WHO, made)
    assert [(each.kind, each.number, each.who, each.amount, each.currency) for each in left] == [
        ("held", "4", "Alfa", Decimal("-5"), "DKK"),
        ("held", "5", "Alfa", Decimal("-5"), "DKK"),
        ("in_a_file", "1", "", Decimal("10"), "DKK"),
    ], "all that somebody must see to; of the others the first, and all are counted"
    assert left[0].reason % left[0].params == "Held: negative"
    assert '"left_out": {"held": 2, "in_a_file": 2}' in _spaced(Event.objects.filter(what="file_made").last())


def _spaced(event: Event | None) -> str:
    assert event is not None
    return json.dumps(json.loads(event.after))


def test_amounts_of_two_currencies_are_never_added(bench: Bench) -> None:
    bench.left.resources["orders"].put({"subject": "1", "currency": "EUR"})
    orders(bench, "2")
    assert preview(bench).totals == {"DKK": Decimal("10.00"), "EUR": Decimal("10.00")}


def test_a_document_that_does_not_add_up_is_in_no_file(bench: Bench) -> None:
    orders(bench, "1")
    bench.left.resources["orders"].put({"subject": "2", "total": "11"})
    made = make(bench)
    assert [each.number for each in exporting.documents(WHO, made)] == ["1"]
    (left,) = exporting.left_out(WHO, made)
    assert (
        left.reason % left.params == "In the file its lines come to 10.00 DKK, but the document itself says 11.00 DKK."
    )


def test_the_form_of_a_file_is_a_persons_choice_and_part_of_what_was_shown(bench: Bench) -> None:
    orders(bench, "1")
    shown = preview(bench)
    assert shown.content.startswith(b"PK") and preview(bench).digest == shown.digest, "the same bytes each time"
    with pytest.raises(Unsafe, match="changed"):
        make(bench, Wish(SHEET.made_as("csv")), as_shown=shown.digest)
    made = make(bench, as_shown=shown.digest)
    assert made.layout["extension"] == "xlsx" and exporting.download(WHO, made.pk)[1] == shown.content


def test_a_rule_for_customer_numbers_is_for_sources_that_have_one(bench: Bench) -> None:
    with pytest.raises(SettingsError, match="no rule"):
        preview(bench, Wish(SHEET, customer_numbers="+100000"))


def test_half_a_file_is_no_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    orders(bench, "1", "2")
    monkeypatch.setattr(ExportedDocument.objects, "bulk_create", _broken)
    with pytest.raises(RuntimeError):
        make(bench)
    assert not FileExport.objects.exists()


def _broken(*_args: Any, **_more: Any) -> None:
    raise RuntimeError("the power went")
