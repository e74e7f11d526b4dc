"""Codecs: what is read is written back, and what cannot be carried is refused, never bent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.mapping import Condition, FieldMapping, Side, TableMapping, end, holds, read, write
from kobling.mapping.codecs import DAY, FLAG_AS_01, NUMBER, NUMBER_AS_TEXT, TEXT, choice, text_up_to
from kobling.mapping.people import CVR, PERSON_NAME, country_key, country_name
from kobling.records import Refused, fingerprint, from_json, to_json
from kobling.records.texts import as_key

words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
amounts = st.decimals("-9999999", "9999999", places=4)


def there_and_back(codec: Any, value: Any) -> Any:
    return codec.read(codec.write(value, "left", None), "left", None)


@given(amounts)
def test_numbers_survive_as_text_and_as_numbers(amount: Decimal) -> None:
    assert there_and_back(NUMBER_AS_TEXT, amount) == amount
    assert there_and_back(NUMBER, amount) == amount


@given(st.lists(words, min_size=1, max_size=4))
def test_a_persons_name_survives_two_fields(parts: list[str]) -> None:
    name = " ".join(parts)
    assert there_and_back(PERSON_NAME, name) == (as_key(name) or None)


@pytest.mark.parametrize("codec", [TEXT, NUMBER_AS_TEXT, DAY, FLAG_AS_01, CVR])
@pytest.mark.parametrize("empty", [None, ""])
def test_empty_is_empty_for_every_codec(codec: Any, empty: Any) -> None:
    assert codec.read((empty,), "left", None) is None
    assert codec.write(None, "left", None) == (None,)


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("DK 12 34 56 74", "12345674"), ("dk12345674", "12345674"), ("12.34.56.74", "12345674"), ("ukendt", "ukendt")],
)
def test_a_cvr_number_is_the_same_however_it_is_typed(typed: str, agreed: str) -> None:
    assert CVR.read((typed,), "left", None) == agreed


@pytest.mark.parametrize("typed", ["Danmark", "denmark", "DK", "dk", "Dänemark"])
def test_a_country_is_the_same_in_every_language(typed: str) -> None:
    assert country_name("da").read((typed,), "left", None) == "DK"


def test_a_word_that_is_no_country_is_refused_where_a_country_is_needed() -> None:
    with pytest.raises(Refused, match="not a country"):
        country_key().write("Langtbortistan", "right", None)


def test_what_is_too_long_is_refused_not_cut() -> None:
    with pytest.raises(Refused, match="at most 3"):
        text_up_to(3).write("four", "left", None)


def test_a_choice_without_counterpart_is_refused_and_an_unknown_one_is_kept_when_read() -> None:
    codec = choice("c", {"A": "a"})
    assert codec.read(("Z",), "left", None) == "Z"
    with pytest.raises(Refused):
        codec.write("Z", "left", None)


MAPPING = TableMapping(
    "t",
    "a",
    "b",
    (FieldMapping("n", end("n", codec=NUMBER_AS_TEXT), end("N", codec=NUMBER)), FieldMapping("t", end("t"), end("T"))),
)


def test_an_absent_field_is_absent_not_empty() -> None:
    assert read(MAPPING, Side.LEFT, {"t": ""}, None).values == {"t": None}


def test_one_bad_field_does_not_hide_the_others() -> None:
    reading = read(MAPPING, Side.LEFT, {"n": "twelve", "t": "x"}, None)
    assert reading.values == {"t": "x"} and list(reading.problems) == ["n"]


def test_a_refusal_names_the_vendors_field() -> None:
    mapping = TableMapping("t", "a", "b", (FieldMapping("t", end("t"), end("T", codec=text_up_to(1))),))
    with pytest.raises(Refused) as refusal:
        write(mapping, Side.RIGHT, {"t": "xx"}, None)
    assert refusal.value.field == "T"


@pytest.mark.parametrize(
    ("condition", "fields", "wanted"),
    [
        (Condition("a", "equals", True), {"a": True}, True),
        (Condition("a", "differs", True), {}, True),
        (Condition("a", "differs", True), {"a": True}, False),
        (Condition("a", "filled"), {"a": " "}, False),
        (Condition("a", "empty"), {}, True),
        (Condition("a", "in", ["x", "y"]), {"a": "y"}, True),
        (Condition("a", "at_least", "2026-01-01"), {"a": "2025-12-31"}, False),
        (Condition("a", "at_least", "2026-01-01"), {"a": "2026-01-01"}, True),
        (Condition("a", "at_least", 5), {"a": Decimal("4.99")}, False),
    ],
)
def test_filters(condition: Condition, fields: dict[str, Any], wanted: bool) -> None:
    assert holds((condition,), fields) is wanted


@given(amounts)
def test_json_keeps_amounts_exact(amount: Decimal) -> None:
    assert from_json(to_json({"a": amount})) == {"a": amount}


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError):
        to_json({"a": [1.1]})


def test_a_fingerprint_does_not_depend_on_spelling() -> None:
    assert fingerprint({"a": Decimal("1.50"), "b": 1}) == fingerprint({"b": Decimal("1.0"), "a": Decimal("1.5")})
