"""Whose number is doubted: what is kept in step, as it will be after the run, and once per record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.mapping import FieldMapping, Side, TableMapping, end
from kobling.mapping.identity import Checked
from kobling.sync.actions import Point, Warn
from kobling.sync.doubts import doubts, points
from kobling.sync.states import Loner, Pairing, Seen
from tests.planner.moves import BASIC

EACH = {Side.LEFT: "l", Side.RIGHT: "r"}
both_sides = pytest.mark.parametrize("side", list(Side))


def _fits(value: Any) -> Checked:
    return Checked.NOT_CHECKED if value is None else Checked.FITS if str(value).startswith("ok") else Checked.DOUBTFUL


CHECKED = replace(
    BASIC,
    fields=(
        FieldMapping("name", end("n"), end("N")),
        FieldMapping("cvr", end("c"), end("C"), check=_fits, label="CVR number", legal=True),
        FieldMapping("kid", end("k"), end("K"), check=_fits),
    ),
)


def pair(left: dict[str, Any] | None, right: dict[str, Any] | None, base: dict[str, Any] | None = None) -> Pairing:
    base = {} if base is None else base
    return Pairing(
        "c",
        "l",
        "r",
        base,
        base,
        None if left is None else Seen("l", left),
        None if right is None else Seen("r", right),
    )


def lone(side: Side, values: dict[str, Any], decision: str | None = None, **more: Any) -> Loner:
    return Loner(side, Seen(EACH[side], values, **more), decision=decision)


def doubted(*work: Pairing | Loner, mapping: TableMapping = CHECKED) -> list[dict[str, Any]]:
    return [each.fields for each in doubts(mapping, work)]


def test_a_coupled_record_is_warned_of_once_with_every_number_under_its_label() -> None:
    values = {"name": "Alfa", "cvr": "b", "kid": "a"}
    assert list(doubts(CHECKED, [pair(values, values, values)])) == [
        Warn(
            kind="doubtful_number",
            left_id="l",
            right_id="r",
            title="Alfa",
            reason="The check digits of %(number)s do not fit. It goes on as it is; look whether it is right.",
            params={"number": "a, b"},
            fields={"CVR number": "b", "kid": "a"},
        )
    ]


def test_the_same_number_in_two_fields_is_named_once() -> None:
    (warn,) = doubts(CHECKED, [lone(Side.LEFT, {"cvr": "x", "kid": "x"})])
    assert warn.params == {"number": "x"}


@both_sides
def test_a_record_that_is_alone_is_warned_of_by_its_own_side(side: Side) -> None:
    (warn,) = doubts(CHECKED, [lone(side, {"name": "Alfa", "cvr": "x"})])
    assert (warn.left_id, warn.right_id) == (("l", None) if side is Side.LEFT else (None, "r"))
    assert warn.title == "Alfa"


@both_sides
def test_a_record_without_a_name_is_called_by_its_id(side: Side) -> None:
    (warn,) = doubts(CHECKED, [lone(side, {"name": None, "cvr": "x"})])
    assert warn.title == EACH[side]


@pytest.mark.parametrize(
    ("left", "right", "title"),
    [("Alfa", "Beta", "Alfa"), (None, "Beta", "Beta"), ("", "Beta", "Beta"), (None, None, "l")],
)
def test_a_pair_is_called_by_the_first_name_that_it_has(left: str | None, right: str | None, title: str) -> None:
    (warn,) = doubts(CHECKED, [pair({"name": left, "cvr": "x"}, {"name": right})])
    assert warn.title == title


def test_numbers_that_fit_or_cannot_be_checked_and_fields_that_nobody_checks_are_no_doubt() -> None:
    assert doubted(lone(Side.LEFT, {"name": "x", "cvr": "ok", "kid": None})) == []
    assert doubted(lone(Side.LEFT, {"cvr": "x"}), mapping=BASIC) == []


def test_each_record_is_looked_at_in_the_order_given() -> None:
    work = (lone(Side.LEFT, {"cvr": "1"}), lone(Side.LEFT, {"cvr": "ok"}), pair({"cvr": "2"}, None))
    assert doubted(*work) == [{"CVR number": "1"}, {"CVR number": "2"}]


@both_sides
def test_a_number_that_is_about_to_be_replaced_is_not_doubted(side: Side) -> None:
    def edited(mine: str, other: str) -> Pairing:
        left, right = (mine, other) if side is Side.LEFT else (other, mine)
        return pair({"cvr": left}, {"cvr": right}, {"cvr": other})

    assert doubted(edited("ok new", "old")) == []
    assert doubted(edited("new", "ok old")) == [{"CVR number": "new"}]


def test_a_number_that_nobody_touched_is_still_doubted_and_so_is_one_that_both_edited() -> None:
    assert doubted(pair({"cvr": "x"}, {"cvr": "x"}, {"cvr": "x"})) == [{"CVR number": "x"}]
    assert doubted(pair({"cvr": "ok"}, {"cvr": "y"}, {"cvr": "x"})) == [{"CVR number": "y"}]
    assert doubted(pair({"cvr": "y"}, {"cvr": "ok"}, {"cvr": "x"})) == [{"CVR number": "y"}]


@both_sides
def test_what_is_left_out_is_not_looked_at(side: Side) -> None:
    assert doubted(lone(side, {"cvr": "x"}, in_scope=False)) == []
    assert doubted(lone(side, {"cvr": "x"}, "ignore")) == []
    assert doubted(lone(side, {"cvr": "x"}, "create")) == [{"CVR number": "x"}]
    blocked = replace(pair({"cvr": "x"}, {"cvr": "x"}), **{side.value: Seen(EACH[side], {"cvr": "y"}, in_scope=False)})
    assert doubted(blocked) == [{"CVR number": "x"}]


@both_sides
def test_a_vanished_record_has_no_number(side: Side) -> None:
    assert doubted(replace(pair({"cvr": "x"}, {"cvr": "x"}), **{side.value: None})) == [{"CVR number": "x"}]
    assert doubted(pair(None, None)) == []


def test_what_a_record_points_to_is_told_by_the_side_that_tells_it() -> None:
    work = Pairing(
        "c",
        "l",
        "r",
        {},
        {},
        Seen("l", {}, points_to=(("customers", "17"), ("items", "4"))),
        Seen("r", {}, points_to=(("customers", "93"),)),
    )
    assert list(points([work, lone(Side.RIGHT, {}, points_to=(("items", "5"),)), lone(Side.LEFT, {})])) == [
        Point(side=Side.LEFT, external_id="l", awaited="17"),
        Point(side=Side.LEFT, external_id="l", awaited="4"),
        Point(side=Side.RIGHT, external_id="r", awaited="93"),
        Point(side=Side.RIGHT, external_id="r", awaited="5"),
    ]


def test_what_is_left_out_points_to_nothing() -> None:
    assert list(points([lone(Side.LEFT, {}, "ignore", points_to=(("items", "5"),))])) == []
