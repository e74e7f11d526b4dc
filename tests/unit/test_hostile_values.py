"""Whatever a vendor puts into a field, and whatever is emptied: it concerns that field of that record, in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from kobling.mapping import Condition, FieldMapping, Side, TableMapping, Unresolved, end, holds, read, write
from kobling.mapping.codecs import NUMBER
from kobling.pairs.base import PairType
from kobling.pairs.registry import pair_types
from kobling.records import Refused, SettingsError, Wrong, exact
from kobling.records.errors import SHOWN

HOSTILE: tuple[Any, ...] = (
    "",
    " ",
    "x" * 5000,
    "1e999999",
    "NaN",
    "2026-02-31",
    "2026-13-01T25:61:61Z",
    "½",
    0,
    -1,
    10**40,
    True,
    Decimal("1e-30"),
    Decimal("1e30"),
    [],
    {},
    ["x"],
    [[]],
    [None],
    [{}],
    [{"quantity": [], "id": {}}],
    {"a": {"b": []}},
)


class Nobody:
    """A resolver that knows nothing of anything."""

    current: Any = None

    def left_out(self, *_: Any) -> bool:
        return False

    def title(self, *_: Any) -> str:
        return "?"

    def coupling(self, *_: Any) -> None:
        return None

    def external(self, *_: Any) -> None:
        return None

    def field(self, *_: Any) -> None:
        return None

    def find(self, *_: Any) -> None:
        return None


class Everybody(Nobody):
    """A resolver that answers everything, with odd things."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def left_out(self, *_: Any) -> bool:
        return False

    def coupling(self, *_: Any) -> str:
        return "c0ffee"

    def external(self, *_: Any) -> str:
        return "17"

    def field(self, *_: Any) -> Any:
        return self.answer

    def find(self, *_: Any) -> str:
        return "17"


RESOLVERS = (Nobody(), Everybody("x"), Everybody(0), Everybody([]))


def tables() -> Iterator[Any]:
    for name, kind in pair_types().items():
        options = {each.name: each.default for each in kind.options}
        for table, mapping in kind.mappings(options, {}).items():
            yield pytest.param(mapping, id=f"{name}-{table}")


def one_field(mapping: TableMapping, field: FieldMapping) -> TableMapping:
    return TableMapping(name=mapping.name, left=mapping.left, right=mapping.right, fields=(field,))


@pytest.mark.parametrize("mapping", list(tables()))
def test_no_value_of_a_vendor_breaks_more_than_its_own_field(mapping: TableMapping) -> None:
    """Each path of each field in turn, and all of a field's at once: told of that key in words, or carried."""
    for field in mapping.fields:
        single = one_field(mapping, field)
        for side in Side:
            here = field.end(side)
            if here is None:
                continue
            for value in HOSTILE:
                for fields in (dict.fromkeys(here.paths, value), *({path: value} for path in here.paths)):
                    for resolver in RESOLVERS:
                        told = read(single, side, fields, resolver)
                        for problem in (*told.problems.values(), *told.lacking.values()):
                            assert isinstance(problem, list) and isinstance(problem[0], str)
                            assert problem[0].endswith("."), "a sentence, not an exception's text"


@pytest.mark.parametrize("mapping", list(tables()))
def test_whatever_is_emptied_is_written_as_empty_or_refused_in_words(mapping: TableMapping) -> None:
    for field in mapping.fields:
        single = one_field(mapping, field)
        for side in Side:
            if field.end(side) is None:
                continue
            for resolver in RESOLVERS:
                try:
                    write(single, side, {field.key: None}, resolver)
                except Refused as refused:
                    assert refused.field and refused.summary.endswith(".")
                except Unresolved:
                    pytest.fail(f"{field.key}: nothing to wait for in an empty field")


@pytest.mark.parametrize("value", [*HOSTILE, None])
@pytest.mark.parametrize(
    "condition",
    [
        Condition("f", "equals", "x"),
        Condition("f", "differs", 5),
        Condition("f", "filled"),
        Condition("f", "empty"),
        Condition("f", "in", ("a", 1)),
        Condition("f", "at_least", 5),
        Condition("f", "at_least", "2026-01-01"),
    ],
)
def test_no_value_breaks_a_filter(condition: Condition, value: Any) -> None:
    assert holds([condition], {"f": value}) in (True, False)


def test_what_fits_no_rule_is_shown_cut() -> None:
    single = TableMapping(name="t", left="l", right="r", fields=(FieldMapping("n", end("n", codec=NUMBER), end("N")),))
    ((sentence, params),) = read(single, Side.LEFT, {"n": "x" * 5000}, None).problems.values()
    assert sentence == "“%(value)s” is not a number."
    assert params == {"value": "x" * SHOWN + "…"}


@pytest.mark.parametrize("price", ["1 250,50", "7,5", "kr. 12"])
def test_a_number_that_is_none_is_named(price: str) -> None:
    with pytest.raises(Wrong, match=price):
        exact(price)


WORDS = (
    "",
    "x",
    "x=",
    "=",
    "a=b",
    "25=",
    "1,5",
    "-1",
    "NaN",
    "1e99999",
    "[]",
    "2026-02-31",
    "Europe/Nowhere",
    ";,\n",
    "x" * 300,
)


def options_of() -> Iterator[Any]:
    for name, kind in pair_types().items():
        for option in kind.options:
            yield pytest.param(kind, option.name, id=f"{name}-{option.name}")


@pytest.mark.parametrize(("kind", "name"), list(options_of()))
def test_whatever_is_typed_as_an_option_is_taken_or_refused_with_its_name(kind: PairType, name: str) -> None:
    """What is taken must also work: reading a record then never fails for the option's sake."""
    for typed in WORDS:
        try:
            mappings = kind.mappings(kind.with_defaults({name: typed}), {})
        except SettingsError as refused:
            assert refused.field == name, (typed, refused)
            continue
        for mapping in mappings.values():
            for side in Side:
                for problem in read(mapping, side, {}, Nobody()).problems.values():
                    assert isinstance(problem, list)
