"""The write that is made of an action, and what is remembered of what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from kobling.mapping import Direction, FieldMapping, Side, TableMapping, end
from kobling.records import Record, Refused
from kobling.sdk.outcomes import Confirmed, Declined
from kobling.sdk.protocols import Operation, Write
from kobling.sync.actions import Create, Delete, Update
from kobling.sync.execute import Prepared, VendorAction, Verdict, already_written, create_key, judge, prepare
from tests.planner.moves import BASIC

AT = datetime(2026, 11, 23, tzinfo=UTC)
MAPPING = replace(BASIC, left_constants={"kind": "firm"}, right_constants={"Kind": 1, "N": "?"})


class _Nothing:
    """No record points to another one here."""

    current: Mapping[str, Any] | None = None
    permitted: frozenset[str] = frozenset()

    def left_out(self, *_: Any) -> bool:
        return False

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        return None

    def external_id(self, mapping: str, side: str, coupling: str) -> str | None:
        return None

    def field(self, side: str, resource: str, external_id: str, path: str) -> Any:
        return None

    def find(self, side: str, resource: str, path: str, value: Any) -> str | None:
        return None


def create(**more: Any) -> Create:
    return Create(**{"side": Side.RIGHT, "source_id": "1", "values": {"name": "Alfa", "mail": "a@x"}, **more})


def update(**more: Any) -> Update:
    told = {"coupling": "c", "external_id": "r", "other_id": "l", "changes": {"mail": ["old", "new"]}, "version": "7"}
    return Update(**{"side": Side.RIGHT, **told, **more})


DELETE = Delete(side=Side.RIGHT, coupling="c", external_id="r", version="7")


def prepared(action: VendorAction, mapping: TableMapping = MAPPING) -> Prepared:
    return prepare(mapping, 3, action, "key", _Nothing(), AT)


def test_a_create_sends_its_filled_values_over_the_constants_of_that_side() -> None:
    made = prepared(create(values={"name": "Alfa", "mail": None, "cvr": "1"}))
    assert made.write == Write(
        "key", Operation.CREATE, {"Kind": 1, "N": "Alfa", "C": "1"}, external_id=None, expected=None, started_at=AT
    )
    assert prepared(create(side=Side.LEFT)).write.fields == {"kind": "firm", "n": "Alfa", "m": "a@x"}


def test_an_update_sends_the_new_values_alone_upon_the_version_that_was_seen() -> None:
    made = prepared(update(changes={"mail": ["old", "new"], "city": ["Ribe", None]}))
    assert made.write == Write(
        "key", Operation.UPDATE, {"M": "new", "S": None}, external_id="r", expected="7", started_at=AT
    )


def test_a_delete_sends_nothing_but_which_record_and_version() -> None:
    assert prepared(DELETE).write == Write("key", Operation.DELETE, {}, external_id="r", expected="7", started_at=AT)


@pytest.mark.parametrize(
    ("action", "source_id", "changes"),
    [
        (create(values={"name": "Alfa", "mail": None}), "1", {"name": [None, "Alfa"]}),
        (update(), "l", {"mail": ["old", "new"]}),
        (DELETE, "c", {}),
    ],
)
def test_a_write_tells_where_it_comes_from_and_what_it_changes(
    action: VendorAction, source_id: str, changes: dict[str, Any]
) -> None:
    made = prepared(action)
    assert (made.position, made.action, made.source_id, made.changes) == (3, action, source_id, changes)


def test_the_key_of_a_create_is_the_same_for_the_same_attempt_alone() -> None:
    key = create_key("pair", "table", Side.LEFT, "1", 0)
    assert key == create_key("pair", "table", Side.LEFT, "1", 0)
    others = [
        create_key("other", "table", Side.LEFT, "1", 0),
        create_key("pair", "other", Side.LEFT, "1", 0),
        create_key("pair", "table", Side.RIGHT, "1", 0),
        create_key("pair", "table", Side.LEFT, "2", 0),
        create_key("pair", "table", Side.LEFT, "1", 1),
    ]
    assert len({key, *others}) == 6


def judged(
    action: VendorAction,
    kept: dict[str, Any] | None,
    base: dict[str, Any] | None = None,
    mapping: TableMapping = MAPPING,
) -> Verdict:
    record = None if kept is None else Record("b", "r", kept, "8")
    outcome = Confirmed("key", "r", record)
    found = judge(mapping, prepared(action, mapping), outcome, base or {}, _Nothing())
    assert (found.state, found.external_id, found.record, found.error) == ("confirmed", "r", record, None)
    return found


def test_what_was_declined_is_refused_with_its_reason_and_nothing_is_remembered() -> None:
    error = Refused("no")
    found = judge(MAPPING, prepared(update()), Declined("key", "r", error), {}, _Nothing())
    assert found == Verdict("refused", error=error)


def test_what_was_deleted_leaves_nothing_to_remember() -> None:
    found = judge(MAPPING, prepared(DELETE), Confirmed("key", "r"), {"mail": "old"}, _Nothing())
    assert found == Verdict("confirmed", "r", base_source={}, base_target={}, altered={})
    assert not found.moved


def test_what_was_sent_and_kept_is_remembered_on_both_sides() -> None:
    found = judged(update(agree={"city": "Ribe"}), {"M": "new", "N": "Alfa"}, {"name": "Alfa", "mail": "old"})
    assert found.base_source == found.base_target == {"city": "Ribe", "mail": "new"}
    assert found.altered == {} and not found.moved


def test_what_the_vendor_kept_otherwise_is_told_and_remembered_as_each_side_has_it() -> None:
    for action, old in ((create(values={"mail": "new"}), {}), (update(), {"mail": "old"})):
        found = judged(action, {"M": "NEW"}, old)
        assert found.altered == {"mail": ["new", "NEW"]}
        assert found.base_source == {"mail": "new"} and found.base_target == {"mail": "NEW"}
        assert not found.moved


@pytest.mark.parametrize("kept", [None, {}, {"N": "Alfa"}])
def test_what_the_vendor_does_not_tell_is_taken_as_it_was_sent(kept: dict[str, Any] | None) -> None:
    found = judged(update(), kept)
    assert found.base_source == found.base_target == {"mail": "new"}
    assert found.altered == {} and not found.moved


def test_a_value_that_a_vendor_fills_in_where_none_was_sent_alters_nothing() -> None:
    """An update that empties a field is another matter: there the emptiness was sent."""
    found = judged(create(values={"name": "Alfa", "city": None}), {"N": "Alfa", "S": "Aarhus"})
    assert found.altered == {} and not found.moved
    assert found.base_source == {"name": "Alfa", "city": None}
    assert found.base_target == {"name": "Alfa", "city": "Aarhus"}
    emptied = judged(update(changes={"city": ["Ribe", None]}), {"S": "Aarhus"})
    assert emptied.altered == {"city": [None, "Aarhus"]}


def test_an_undo_of_one_side_asks_the_other_one_for_nothing() -> None:
    """What the other side holds stays what it agreed on: its own values are kept on purpose."""
    found = judged(update(alone=True, agree={"city": "Ribe"}), {"M": "new"})
    assert found.base_source == {"city": "Ribe"}
    assert found.base_target == {"city": "Ribe", "mail": "new"}


def test_a_total_is_never_remembered_as_kept() -> None:
    totals = replace(MAPPING, fields=(*MAPPING.fields, FieldMapping("total", end("t"), end("T"), proof=True)))
    found = judged(update(), {"M": "new", "T": "9"}, {"total": "5"}, totals)
    assert found.base_target == {"mail": "new"} and not found.moved


@pytest.mark.parametrize(
    ("kept", "base", "moved"),
    [
        ({"M": "new", "N": "Alfa"}, {"name": "Alfa"}, False),
        ({"M": "new", "N": "Beta"}, {"name": "Alfa"}, True),
        ({"M": "new", "N": None}, {"name": "Alfa"}, True),
        ({"M": "new", "N": "Beta"}, {}, False),
        ({"M": "other"}, {"mail": "old"}, False),
        ({"M": "new", "S": "Skive"}, {"city": "Ribe"}, False),
    ],
)
def test_somebody_else_changed_a_field_that_this_write_neither_sent_nor_agreed_on(
    kept: dict[str, Any], base: dict[str, Any], moved: bool
) -> None:
    assert judged(update(agree={"city": "Skive"}), kept, base).moved is moved


def test_a_number_that_the_other_side_alone_gives_comes_back_with_what_was_made() -> None:
    given = FieldMapping("number", end("no"), end("No"), direction=Direction.TO_LEFT)
    numbered = replace(MAPPING, fields=(*MAPPING.fields, given))
    assert judged(create(), {"N": "Alfa", "No": "1001"}, mapping=numbered).moved
    assert not judged(create(), {"N": "Alfa", "No": None}, mapping=numbered).moved
    assert not judged(create(), {"N": "Alfa"}, mapping=numbered).moved
    assert not judged(create(values={"name": "Alfa", "number": "7"}), {"No": "7"}, mapping=numbered).moved
    assert not judged(create(), {"N": "Beta", "S": "Ribe"}, {"name": "Alfa"}, mapping=numbered).moved


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("Alfa", "Alfa", True),
        ("Alfa", "Beta", False),
        (None, "", True),
        ("", None, True),
        ([], None, True),
        (None, "Alfa", False),
        ("Alfa", None, False),
        (0, None, False),
        ("5", 5, True),
        (5, "5", True),
        (5, "6", False),
        (Decimal("5.00"), 5, True),
        (5, 6, False),
        ([{"a": 1}], [{"a": 1}], True),
        ([{"a": 1}], [{"a": 2}], False),
    ],
)
def test_a_record_holds_what_was_to_be_written_however_it_is_spelled(wanted: Any, found: Any, same: bool) -> None:
    assert already_written({"M": wanted}, Record("b", "r", {"M": found})) is same


def test_every_field_must_be_there_and_what_was_not_to_be_written_does_not_matter() -> None:
    record = Record("b", "r", {"M": "new", "N": "Beta"})
    assert already_written({"M": "new"}, record) and already_written({"M": "new", "S": None}, record)
    assert not already_written({"M": "new", "N": "Alfa"}, record)
    assert not already_written({"M": "new", "S": "Ribe"}, record)


def test_what_a_vendor_types_otherwise_is_neither_altered_nor_moved() -> None:
    alike = replace(
        MAPPING,
        fields=tuple(replace(each, compared=str.casefold) if each.key != "name" else each for each in MAPPING.fields),
    )
    assert judged(create(), {"N": "Alfa", "M": "A@X"}, mapping=alike).altered == {}
    assert judged(create(), {"N": "Alfa", "M": "b@x"}, mapping=alike).altered == {"mail": ["a@x", "b@x"]}
    assert not judged(update(), {"M": "new", "S": "RIBE"}, {"city": "Ribe"}, mapping=alike).moved
    assert judged(update(), {"M": "new", "S": "Skive"}, {"city": "Ribe"}, mapping=alike).moved
