"""Reading and evaluating $filter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.odata.expressions import (
    Call,
    Compare,
    Field,
    FilterProblem,
    InList,
    Lambda,
    Literal,
    Logic,
    Named,
    Node,
    Not,
    matches,
    parse,
    predicate,
    walk,
)

GUID = "0f0e9d8c-1111-4222-8333-444455556666"

literals = st.one_of(
    st.text().map(lambda text: ("'" + text.replace("'", "''") + "'", text)),
    st.decimals(-(10**9), 10**9, places=4).map(lambda number: (f"{number:f}", number)),
    st.integers().map(lambda number: (str(number), Decimal(number))),
    st.uuids().map(lambda guid: (str(guid), guid)),
    st.dates().map(lambda day: (day.isoformat(), day)),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: (at.isoformat().replace("+00:00", "Z"), at)),
    st.sampled_from([("null", None), ("true", True), ("false", False)]),
).map(lambda pair: (pair[0], Literal(pair[1])))
fields = st.sampled_from(["name", "_ownerid_value", "primarycontactid/fullname", "æble"]).map(
    lambda path: (path, Field(path))
)
calls = st.tuples(st.sampled_from(["contains", "startswith"]), fields, literals).map(
    lambda given: (f"{given[0]}({given[1][0]}, {given[2][0]})", Call(given[0], (given[1][1], given[2][1])))
)
compares = st.tuples(fields | calls, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), literals).map(
    lambda given: (f"{given[0][0]} {given[1]} {given[2][0]}", Compare(given[0][1], given[1], given[2][1]))
)
lists = st.tuples(fields, st.lists(literals, min_size=1, max_size=3)).map(
    lambda given: (
        f"{given[0][0]} in ({','.join(text for text, _ in given[1])})",
        InList(given[0][1], tuple(one for _, one in given[1])),
    )
)


def _deeper(inner: st.SearchStrategy[tuple[str, Node]]) -> st.SearchStrategy[tuple[str, Node]]:
    joined = st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
        lambda given: (f"({given[0][0]}) {given[1]} ({given[2][0]})", Logic(given[1], given[0][1], given[2][1]))
    )
    denied = inner.map(lambda one: (f"not ({one[0]})", Not(one[1])))
    some = st.tuples(st.sampled_from(["any", "all"]), inner).map(
        lambda given: (f"lines/{given[0]}(l:{given[1][0]})", Lambda("lines", given[0], "l", given[1][1]))
    )
    return joined | denied | some


trees = st.recursive(compares | calls | lists, _deeper, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_what_is_written_is_what_is_read(pair: tuple[str, Node]) -> None:
    text, tree = pair
    assert parse(text) == tree


@settings(max_examples=300, deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "name",
                "eq",
                "ne",
                "and",
                "or",
                "not",
                "in",
                "(",
                ")",
                ",",
                "'",
                "'a'",
                "null",
                "1",
                "@p",
                "any",
                "all",
                ":",
                "/",
                "x/any(",
            ]
        )
    ).map(" ".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        node = parse(text)
    except FilterProblem:
        return
    try:
        predicate(node)(lambda path: None)
    except FilterProblem as problem:
        assert "function" in str(problem)


def test_and_binds_tighter_than_or_and_chains_lean_left() -> None:
    one, two, three = (Compare(Field(name), "eq", Literal(Decimal(1))) for name in "abc")
    assert parse("a eq 1 or b eq 1 and c eq 1") == Logic("or", one, Logic("and", two, three))
    assert parse("a eq 1 or b eq 1 or c eq 1") == Logic("or", Logic("or", one, two), three)


def test_a_constant_on_the_left_is_turned() -> None:
    assert parse("5 lt price") == Compare(Field("price"), "gt", Literal(Decimal(5)))


def test_a_quote_is_doubled() -> None:
    assert parse("name eq 'O''Brien'") == Compare(Field("name"), "eq", Literal("O'Brien"))


def test_an_alias_stands_for_its_constant() -> None:
    assert parse("name eq @p", {"@p": "'x'"}) == parse("name eq 'x'")
    with pytest.raises(FilterProblem, match="alias"):
        parse("name eq @q", {"@p": "'x'"})
    with pytest.raises(FilterProblem, match="not a constant"):
        parse("name eq @p", {"@p": "other"})


def test_a_vendor_function_keeps_its_dotted_name_and_named_arguments() -> None:
    node = parse("Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['a','b'])")
    assert node == Call(
        "Microsoft.Dynamics.CRM.In",
        (Named("PropertyName", Literal("name")), Named("PropertyValues", Literal(("a", "b")))),
    )
    inside = {"Microsoft.Dynamics.CRM.In": lambda name, values: name in values}
    assert not matches(node, lambda path: None, functions=inside)
    with pytest.raises(FilterProblem, match="unknown function"):
        predicate(node)


def test_an_enum_constant_is_its_text() -> None:
    assert parse("status eq Microsoft.NAV.status'Open'") == parse("status eq 'Open'")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name eq",
        "eq 'a'",
        "name eq 'a",
        "name eq 'a' and",
        "name = 'a'",
        "name eq 'a' name eq 'b'",
        "(name eq 'a'",
        "name eq 'a')",
        "not name eq 'a'",
        "name in ()",
        "name in 'a'",
        "name in (other)",
        'name eq "a"',
        "name EQ 'a'",
        "lines/any(l:)",
        "lines/all()",
        "when eq 2026-02-30",
        "name eq 'a' AND name eq 'b'",
        "contains(name 'a')",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterProblem):
        parse(text)


def test_nesting_and_length_are_bounded() -> None:
    with pytest.raises(FilterProblem, match="deeply"):
        parse("(" * 200 + "a eq 1" + ")" * 200)
    with pytest.raises(FilterProblem, match="deeply"):
        parse("not " * 200 + "contains(a,'b')")
    with pytest.raises(FilterProblem, match="too many"):
        parse(" or ".join(["a eq 1"] * 500))
    long = parse(" or ".join(["a eq 1"] * 300))
    assert len(list(walk(long))) > 900
    assert matches(long, lambda path: Decimal(1))


ROW: dict[str, Any] = {
    "name": "Bøgh",
    "none": None,
    "count": 7,
    "price": Decimal("10.50"),
    "on": True,
    "id": GUID.upper(),
    "uuid": UUID(GUID),
    "when": "2026-11-22T10:00:00Z",
    "at": datetime(2026, 11, 22, 10, tzinfo=UTC),
    "day": date(2026, 11, 22),
    "day_text": "2026-11-22",
    "lines": [{"no": Decimal(1)}.get, {"no": Decimal(2)}.get],
    "empty": [],
}


@pytest.mark.parametrize(
    "text",
    [
        "name eq 'Bøgh'",
        "none eq null",
        "name ne null",
        "none ne 'x'",
        "count eq 7 and count gt 6.5 and count le 7",
        "price eq 10.5 and price lt 11",
        "on",
        "on eq true",
        f"id eq {GUID}",
        f"uuid eq '{GUID}'",
        f"uuid in ({GUID})",
        "when gt 2026-11-22T09:59:59Z and when le 2026-11-22T11:00:00+01:00",
        "at eq 2026-11-22T10:00:00.0000000Z",
        "at ge 2026-11-22",
        "day eq 2026-11-22 and day_text ge 2026-11-22",
        "when ge 2026-11-22",
        "startswith(name,'Bø') and endswith(name,'gh') and contains(name,'øg')",
        "tolower(name) eq 'bøgh' and toupper(name) eq 'BØGH'",
        "substring(name,1) eq 'øgh' and substring(name,1,2) eq 'øg' and length(name) eq 4",
        "indexof(name,'g') eq 2 and trim(concat(name,' ')) eq 'Bøgh'",
        "year(when) eq 2026 and month(at) eq 11 and day(at) eq 22 and date(at) eq 2026-11-22",
        "round(price) eq 11 and floor(price) eq 10 and ceiling(price) eq 11",
        "lines/any(l:l/no eq 2)",
        "lines/all(l:l/no gt 0 and name eq 'Bøgh')",
        "lines/any()",
        "empty/all(l:l/no eq 9)",
        "contains(name,'B') eq true",
        "name in ('a','Bøgh')",
    ],
)
def test_a_row_fits(text: str) -> None:
    assert matches(parse(text), ROW.get)
    assert not matches(Not(parse(text)), ROW.get)


@pytest.mark.parametrize(
    "text",
    [
        "name eq 'bøgh'",
        "none gt 1",
        "none le 1",
        "count eq '7'",
        "on eq 1",
        "name eq null",
        "id eq 00000000-0000-0000-0000-000000000000",
        "when gt 2026-11-22T10:00:00Z",
        "contains(none,'a')",
        "lines/all(l:l/no eq 2)",
        "empty/any()",
        "name in ('a',null)",
    ],
)
def test_a_row_does_not_fit(text: str) -> None:
    assert not matches(parse(text), ROW.get)


def test_case_is_folded_on_request() -> None:
    for text in ("name eq 'BØGH'", "contains(name,'ØG')", "name in ('bøgh')"):
        assert matches(parse(text), ROW.get, fold_case=True)
        assert not matches(parse(text), ROW.get)


def test_functions_check_their_number_of_arguments() -> None:
    with pytest.raises(FilterProblem, match="signature"):
        predicate(parse("contains(name)"))
