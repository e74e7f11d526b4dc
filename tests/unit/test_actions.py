"""Actions are data: nobody changes one, each is made by naming its parts, and storing one loses nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from kobling.mapping import Side
from kobling.records import from_json
from kobling.sync.actions import (
    Action,
    Agree,
    AnyAction,
    Couple,
    Create,
    Delete,
    Point,
    RaiseConflict,
    Skip,
    Uncouple,
    Update,
    Warn,
    from_blob,
    to_blob,
)

ONE_OF_EACH: list[AnyAction] = [
    Create(side=Side.RIGHT, source_id="1", values={"limit": Decimal("10.50")}, restores="c", title="Alfa"),
    Update(side=Side.LEFT, coupling="c", external_id="1", other_id="2", changes={"mail": [None, "a@x"]}, version="7"),
    Delete(side=Side.LEFT, coupling="c", external_id="1", version="7"),
    Couple(coupling="c", left_id="1", right_id="2", base={"name": "Alfa"}, reason="Same.", params={"keys": "cvr"}),
    Agree(coupling="c", base={"limit": Decimal("0.10")}),
    Uncouple(coupling="c", left_id="1", right_id="2"),
    Skip(side=Side.LEFT, external_id="1", why="waits", waits_for=[["t", "7"]]),
    RaiseConflict(kind="conflict", coupling="c", left_id="1", fields={"mail": [None, 1, 2]}, candidates=["2"]),
    Warn(kind="altered", left_id="1", fields={"mail": "x"}),
    Point(side=Side.LEFT, external_id="1", awaited="17"),
]
each_kind = pytest.mark.parametrize("action", ONE_OF_EACH, ids=lambda each: type(each).__name__)


def test_there_is_one_of_each() -> None:
    assert {type(each) for each in ONE_OF_EACH} == set(AnyAction.__args__)


@each_kind
def test_what_was_stored_comes_back_as_it_was_numbers_included(action: AnyAction) -> None:
    (found,) = from_blob(to_blob([action]))
    assert found == action and type(found) is type(action)
    for name in ("values", "base"):
        for key, value in getattr(action, name, {}).items():
            assert str(getattr(found, name)[key]) == str(value)


@each_kind
def test_nobody_changes_an_action_that_was_decided(action: AnyAction) -> None:
    with pytest.raises(AttributeError):
        action.title = "another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Action("Alfa").title = "another"  # type: ignore[misc]


@each_kind
def test_what_is_an_actions_own_is_named(action: AnyAction) -> None:
    """Whose id is left and whose is right must stand where the action is made."""
    told: list[Any] = [
        getattr(action, each) for each in action.__struct_fields__ if each not in Action.__struct_fields__
    ]
    with pytest.raises(TypeError):
        type(action)("Alfa", "reason", {}, *told)


def test_what_was_left_as_usual_takes_no_room() -> None:
    blob = to_blob(
        [Create(side=Side.RIGHT, source_id="1", values={}), Skip(side=Side.LEFT, external_id="1", why="parked")]
    )
    assert from_json(blob) == [
        {"do": "create", "side": "right", "source_id": "1", "values": {}},
        {"do": "skip", "side": "left", "external_id": "1", "why": "parked"},
    ]


def test_a_write_is_one_of_a_pair_unless_it_is_said_to_be_alone() -> None:
    assert not Create(side=Side.RIGHT, source_id="1", values={}).alone
    assert not Update(side=Side.LEFT, coupling="c", external_id="1", other_id="2", changes={}).alone


def test_what_is_no_action_is_not_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_blob(b'[{"do":"explode"}]')
