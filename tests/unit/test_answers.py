"""Which answers fit an issue: by whether its record is coupled, and by what may be made and deleted where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobling.mapping import Direction, Side, TableMapping
from kobling.sync.answers import ANSWERS, CHOICES, DEFAULTS_TO_CANDIDATE, Answer, answers
from tests.planner.moves import BASIC

TOWARDS = {Side.LEFT: Direction.TO_LEFT, Side.RIGHT: Direction.TO_RIGHT}
both_sides = pytest.mark.parametrize("side", list(Side))


def choices(
    kind: str,
    mapping: TableMapping = BASIC,
    *,
    coupled: bool = False,
    alone_on: Side = Side.LEFT,
    gone: Side | None = None,
) -> list[str]:
    return [each.choice for each in answers(kind, mapping, coupled=coupled, alone_on=alone_on, gone=gone)]


@pytest.mark.parametrize(
    ("kind", "coupled", "alone"),
    [
        ("conflict", ["left", "right", "accept", "uncouple", "retry"], ["retry"]),
        ("posted", ["accept", "uncouple", "retry"], ["retry"]),
        ("totals", ["accept", "uncouple", "retry"], ["retry"]),
        ("bad_value", ["uncouple", "retry"], ["ignore", "retry"]),
        ("maybe_same", ["retry"], ["couple", "never", "create", "ignore", "retry"]),
        ("ambiguous", ["retry"], ["couple", "never", "create", "ignore", "retry"]),
        ("duplicate_identity", ["retry"], ["couple", "never", "create", "ignore", "retry"]),
        ("partner_gone", ["retry"], ["couple", "create", "ignore", "retry"]),
        ("made_elsewhere", ["retry"], ["couple", "ignore", "retry"]),
        ("taken_back", ["retry"], ["ignore", "retry"]),
        ("refused", ["accept", "uncouple", "retry"], ["couple", "ignore", "retry"]),
        ("unreadable", ["uncouple", "retry"], ["ignore", "retry"]),
        ("nameless", ["accept"], ["accept"]),
        ("unknown_outcome", ["retry", "uncouple"], ["couple", "create", "ignore"]),
        ("waits", ["uncouple", "retry"], ["ignore", "retry"]),
        ("altered", ["accept"], ["accept"]),
        ("without_field", ["accept"], ["accept"]),
        ("doubtful_number", ["accept"], ["accept"]),
    ],
)
def test_a_coupled_record_and_one_that_is_alone_have_each_their_answers(
    kind: str, coupled: list[str], alone: list[str]
) -> None:
    assert choices(kind, coupled=True) == coupled
    assert choices(kind) == alone


@both_sides
@pytest.mark.parametrize("kind", ["deleted", "deleted_but_changed"])
def test_what_vanished_may_be_made_anew_or_deleted_where_its_partner_is_or_let_go(kind: str, side: Side) -> None:
    assert choices(kind, coupled=True, gone=side) == ["restore", "delete", "uncouple", "retry"]


def test_what_did_not_vanish_is_neither_made_anew_nor_deleted() -> None:
    assert choices("deleted", coupled=True, gone=None) == ["uncouple", "retry"]


@both_sides
def test_a_one_way_table_restores_towards_its_target_and_deletes_only_there(side: Side) -> None:
    one_way = replace(BASIC, direction=TOWARDS[side])
    assert choices("deleted", one_way, coupled=True, gone=side) == ["restore", "uncouple", "retry"]
    assert choices("deleted", one_way, coupled=True, gone=side.other) == ["delete", "uncouple", "retry"]


@both_sides
def test_nothing_is_made_anew_where_nothing_may_be_made(side: Side) -> None:
    closed = replace(BASIC, **{f"create_{side.value}": False})
    assert choices("deleted", closed, coupled=True, gone=side) == ["delete", "uncouple", "retry"]


@both_sides
def test_a_record_that_is_alone_is_made_on_the_other_side_where_that_may_be(side: Side) -> None:
    closed = replace(BASIC, **{f"create_{side.other.value}": False})
    assert "create" not in choices("maybe_same", closed, alone_on=side)
    assert "create" in choices("maybe_same", closed, alone_on=side.other)


def test_an_answer_that_names_another_record_does_so_and_no_other_one_does() -> None:
    assert {each.choice for found in ANSWERS.values() for each in found if each.names} == {"couple", "never"}


def test_only_looking_again_leaves_the_question_open() -> None:
    """Where a coupled write's outcome is unknown, planning anew from both sides is what settles it."""
    open_ = {each.choice for found in ANSWERS.values() for each in found if not each.ends}
    assert open_ == {"retry"}
    ends = {kind for kind, found in ANSWERS.items() for each in found if each.choice == "retry" and each.ends}
    assert ends == {"unknown_outcome"}


def test_an_answer_ends_the_question_unless_it_says_otherwise_and_names_nobody() -> None:
    plain = Answer("x", "y")
    assert (plain.ends, plain.coupled, plain.names) == (True, None, False)


def test_every_choice_is_known_once_and_the_kinds_with_candidates_have_them_to_couple_with() -> None:
    assert len(set(CHOICES)) == len(CHOICES)
    assert set(CHOICES) == {each.choice for found in ANSWERS.values() for each in found}
    assert all("couple" in choices(kind) for kind in DEFAULTS_TO_CANDIDATE)
