"""A lost create is found by everything that was sent; whoever differs is somebody else."""

from __future__ import annotations

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


def found(*candidates, unique=True, write=WRITE):
    return the_one(write, candidates, vendor="V", unique=unique, made_at=lambda each: each.modified_at)


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


def test_another_record_of_the_same_name_is_no_concern_where_names_are_not_unique():
    assert found(record(number="1008"), unique=False) is None


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
        ("ApS", "A", False),
        ("", None, True),
        (None, "x", False),
    ],
)
def test_spelling_is_no_difference(sent, kept, same):
    assert is_same(sent, kept) is same


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
