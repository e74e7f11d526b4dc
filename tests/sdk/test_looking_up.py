"""A lost create is found by everything that was sent; whoever differs is somebody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.records import Record, Unsafe
from kobling.sdk.looking_up import differences, is_same, the_one
from kobling.sdk.protocols import Operation, Write

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SENT = {"number": "1007", "name": "Ny Kunde AS", "total": Decimal("1250.00"), "lines": [{"item": "A", "quantity": 2}]}
WRITE = Write("k", Operation.CREATE, SENT, started_at=NOW)


def record(made=NOW, **changes):
    return Record("r", "44", {**SENT, "extra": "x", **changes}, None, made)


def found(*candidates, unique=True, write=WRITE, **more):
    return the_one(write, candidates, **{"vendor": "V", "made_at": lambda each: each.modified_at} | more, unique=unique)


def test_a_record_that_says_everything_is_ours():
    kept = record(total="1250.0000", name=" Ny  Kunde AS ", lines=[{"item": "A", "quantity": "2.0", "sum": 5}])
    assert found(kept) is kept


def test_without_a_candidate_nothing_was_made():
    assert found() is None


@pytest.mark.parametrize(
    "changes",
    [{"name": "Somebody Else AS"}, {"total": 1250.01}, {"lines": []}, {"lines": [{"item": "A", "quantity": 3}]}],
)
def test_an_equal_number_that_differs_otherwise_is_somebody_elses_and_asks(changes):
    with pytest.raises(Unsafe):
        found(record(**changes))


def test_an_equal_record_from_before_is_somebody_elses():
    with pytest.raises(Unsafe):
        found(record(made=NOW - timedelta(hours=1)))


def test_several_that_say_everything_ask():
    with pytest.raises(Unsafe):
        found(record(), record())


def test_an_older_record_of_the_same_name_is_no_concern_where_names_are_not_unique():
    old = record(number="1008", made=NOW - timedelta(hours=1))
    assert found(old, unique=False) is None
    assert found(record(number="1008"), unique=False, made_at=None) is None


@pytest.mark.parametrize("changes", [{"number": "1008"}, {"total": 1}, {"name": "X", "lines": []}])
def test_a_hit_that_was_made_since_and_says_something_else_asks(changes):
    """It may be ours, changed by somebody before it was looked for: making another one would double it."""
    with pytest.raises(Unsafe) as caught:
        found(record(**changes), unique=False)
    assert caught.value.code == "somebody_elses"


@pytest.mark.parametrize("changes", [{}, {"total": 1}])
def test_what_belongs_to_another_record_of_ours_was_not_made_by_this_write(changes):
    taken = replace(WRITE, taken=frozenset({"44"}))
    assert found(record(**changes), unique=False, write=taken) is None
    other = Record("r", "45", dict(SENT), None, NOW)
    assert found(record(**changes), other, unique=False, write=taken) is other


def test_a_number_that_another_record_of_ours_carries_asks():
    with pytest.raises(Unsafe) as caught:
        found(record(), write=replace(WRITE, taken=frozenset({"44"})))
    assert caught.value.code == "somebody_elses"


def test_a_record_with_everything_but_its_lines_may_be_half_made_and_asks():
    with pytest.raises(Unsafe):
        found(record(lines=[]), unique=False)


def test_what_was_sent_empty_may_have_been_filled_and_what_is_not_shown_is_not_compared():
    assert differences({"country": "", "secret": "x", "a": 1}, {"country": "DK", "a": "1"}, frozenset()) == []


@pytest.mark.parametrize(
    ("sent", "kept", "same"),
    [
        ("Å", "A\u030a", True),
        (True, "1", True),
        (False, "0", True),
        ("2026-11-02", "2026-11-02T00:00:00Z", True),
        ("2026-11-02", "2026-11-03", False),
        ("A long text that was cut somewhere", "A long text that was cut", True),
        ("2026-11-02", "2026-11-02 00:00:00", True),
        ("2026-11-02T00:00:00Z", "2026-11-02", True),
        ("2026-11-02", "yesterday", False),
        ("yesterday", "2026-11-02", False),
        ("2026-11-02 Travel", "2026-11-02 Dinner", False),
        ("2026-11-02", "2026-11-02 Travel", False),
        ("2026-11-02 Travel", "2026-11-02", False),
        ("2026-11-021", "2026-11-022", False),
        ("x" * 30, "x" * 20, True),
        ("x" * 30, "x" * 19, False),
        ("x" * 20, "x" * 30, False),
        ("x" * 30, "y" * 30, False),
        ("ApS", "ApS", True),
        ("ApS", "A", False),
        ("1,5", "1.5", False),
        (Decimal("1.50"), "1.5", True),
        (1, Decimal("2"), False),
        (1.5, "1.5", True),
        (True, "True", True),
        ("true", True, True),
        (True, 1, True),
        (0, False, True),
        (True, False, False),
        (False, "1", False),
        (True, "x", False),
        ("x", True, False),
        (False, "x", False),
        (False, None, False),
        ("  ", [], True),
        ("x", "", False),
        ("", "x", False),
        (None, "None", False),
        ("None", None, False),
        ([], "[]", False),
        ("", None, True),
        (None, "x", False),
    ],
)
def test_spelling_is_no_difference(sent, kept, same):
    assert is_same(sent, kept) is same


@pytest.mark.parametrize(
    ("sent", "kept", "differs"),
    [
        ({"a": "x"}, {"a": "x"}, False),
        ({"a": "x"}, {"a": "y"}, True),
        ({"a": "x"}, {"a": None}, True),
        ({"a": "x"}, {}, False),
        ({"a": ""}, {"a": "y"}, False),
        ({"a": []}, {"a": ["y"]}, False),
        ({"a": ["x"]}, {"a": ["x"]}, False),
        ({"a": ("x",)}, {"a": ["x"]}, False),
        ({"a": ["x", "y"]}, {"a": ["x"]}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, True),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": "x"}, {"a": ["x"]}, True),
        ({"a": {"b": 1}}, {"a": {"b": "1.0", "c": 2}}, False),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, True),
        ({"a": {"b": 1}}, {"a": {}}, False),
        ({"a": {"b": 1}}, {"a": "x"}, True),
        ({"a": "x"}, {"a": {"b": 1}}, True),
        ({"a": [{"b": [1]}]}, {"a": [{"b": [2]}]}, True),
    ],
)
def test_what_was_sent_must_be_kept_down_to_the_last_line(sent, kept, differs):
    assert differences(sent, kept, frozenset()) == (["a"] if differs else [])


def test_what_the_connector_ignores_is_ignored_in_lines_too():
    sent = {"a": 1, "lines": [{"a": 1, "b": 2}]}
    assert differences(sent, {"a": 9, "lines": [{"a": 9, "b": 2}]}, frozenset({"a"})) == []
    assert differences(sent, {"a": 9, "lines": [{"a": 9, "b": 3}]}, frozenset({"a"})) == ["lines"]
    assert found(record(name="X"), ignored=frozenset({"name"})) is not None


def test_a_connector_may_say_itself_what_is_the_same():
    def in_any_case(sent, kept):
        return str(sent).lower() == str(kept).lower()

    assert differences({"a": "X", "b": ["Y"]}, {"a": "x", "b": ["y"]}, frozenset(), in_any_case) == []
    kept = Record("r", "44", {"name": "NY KUNDE AS"}, None, NOW)
    assert found(kept, same=in_any_case) is kept


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize(
    ("made", "ours"),
    [
        (NOW, True),
        (NOW - timedelta(minutes=15), True),
        (NOW - timedelta(minutes=15, seconds=1), False),
        (NOW + timedelta(hours=1), True),
        (None, True),
    ],
)
def test_clocks_may_be_a_quarter_of_an_hour_apart(made, ours, unique):
    kept = record(made=made)
    if ours:
        assert found(kept, unique=unique) is kept
    elif unique:
        with pytest.raises(Unsafe) as caught:
            found(kept, unique=unique)
        assert caught.value.code == "somebody_elses"
    else:
        assert found(kept, unique=unique) is None


def test_where_no_time_is_known_everything_that_fits_is_ours():
    old = record(made=NOW - timedelta(days=9))
    assert found(old, made_at=None) is old
    assert found(old, write=Write("k", Operation.CREATE, SENT)) is old
    assert found(old, made_at=None, write=Write("k", Operation.CREATE, SENT)) is old


def test_an_older_record_that_differs_in_its_lines_alone_is_not_half_made():
    assert found(record(made=NOW - timedelta(hours=1), lines=[]), unique=False) is None


def test_a_record_that_differs_in_its_lines_and_otherwise_is_not_half_made():
    assert found(record(lines=[], name="X"), unique=False, made_at=None) is None


def test_ours_is_found_beside_others_and_they_are_no_concern():
    ours = record()
    assert found(record(name="X"), ours, record(lines=[])) is ours
    assert found(record(lines=[]), ours, unique=False) is ours


def test_somebody_elses_is_named_and_several_are_counted():
    with pytest.raises(Unsafe) as caught:
        found(record(name="X"))
    assert (caught.value.code, caught.value.params) == ("somebody_elses", {"vendor": "V", "id": "44"})
    with pytest.raises(Unsafe) as caught:
        found(record(), record(), record())
    assert (caught.value.code, caught.value.params) == ("several", {"vendor": "V", "count": 3})


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.text(min_size=1, max_size=8)
        | st.integers()
        | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-9999, max_value=9999),
    )
)
def test_a_record_is_never_different_from_itself(fields):
    assert differences(fields, fields, frozenset()) == []


@given(st.text(min_size=1, max_size=15), st.text(min_size=1, max_size=15))
def test_two_short_texts_are_the_same_only_when_they_read_the_same(one, other):
    if is_same(one, other):
        assert is_same(other, one)
