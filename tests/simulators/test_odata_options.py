"""Reading the other query options and the Prefer header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling_simulators.odata.expressions import FilterProblem, parse
from kobling_simulators.odata.options import Expand, OptionProblem, Options, Order, parse_options, parse_prefer, split


def test_options_are_read() -> None:
    found = parse_options(
        {
            "$select": "name, accountid",
            "$orderby": "name desc,accountid asc",
            "$top": "5",
            "$skip": "10",
            "$count": "true",
            "$filter": "name eq @n",
            "@n": "'x'",
            "$apply": "groupby((name))",
            "tenant": "t",
        }
    )
    assert found == Options(
        select=("name", "accountid"),
        orderby=(Order("name", True), Order("accountid")),
        top=5,
        skip=10,
        count=True,
        filter=parse("name eq 'x'"),
        filter_text="name eq @n",
        more={"@n": "'x'", "$apply": "groupby((name))", "tenant": "t"},
    )


def test_what_is_not_given_is_absent() -> None:
    assert parse_options({}) == Options()


def test_expand_takes_options_that_nest_and_quote() -> None:
    found = parse_options({"$expand": "a($select=x,y;$filter=n eq 'a;b),(';$expand=b($top=1)),c"})
    assert found.expand == (
        Expand(
            "a",
            Options(
                select=("x", "y"),
                filter=parse("n eq 'a;b),('"),
                filter_text="n eq 'a;b),('",
                expand=(Expand("b", Options(top=1)),),
            ),
        ),
        Expand("c", Options()),
    )


@pytest.mark.parametrize(
    "query",
    [
        {"$select": ""},
        {"$select": "a,,b"},
        {"$select": "a b"},
        {"$orderby": "name down"},
        {"$orderby": ""},
        {"$orderby": "a asc desc"},
        {"$top": "-1"},
        {"$top": "x"},
        {"$top": "1.5"},
        {"$count": "True"},
        {"$expand": "a($select=x"},
        {"$expand": "a)"},
        {"$expand": "a(select=x)"},
        {"$expand": "a($filter=n eq 'x)"},
        {"$expand": ""},
    ],
)
def test_malformed_options_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(OptionProblem):
        parse_options(query)


def test_a_malformed_filter_is_refused_where_it_stands() -> None:
    with pytest.raises(FilterProblem):
        parse_options({"$expand": "a($filter=n eq)"})


def test_nesting_is_bounded() -> None:
    with pytest.raises(OptionProblem, match="deeply"):
        parse_options({"$expand": "a($expand=" * 30 + "b" + ")" * 30})


@given(st.lists(st.text(alphabet="abc;$=", max_size=5), min_size=1).map(tuple))
def test_splitting_undoes_joining(parts: tuple[str, ...]) -> None:
    assert tuple(split(",".join(f"({part},',)')" for part in parts), ",")) == tuple(f"({part},',)')" for part in parts)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("return=representation", {"return": "representation"}),
        (
            'odata.maxpagesize=50, odata.include-annotations="*"',
            {"odata.maxpagesize": "50", "odata.include-annotations": "*"},
        ),
        ("odata.track-changes,return=minimal", {"odata.track-changes": "", "return": "minimal"}),
        ('a="x, y=z"; q=1 , B = 2', {"a": "x, y=z", "b": "2"}),
        ("a=1,a=2", {"a": "1"}),
        ('a="say \\"hi\\""', {"a": 'say "hi"'}),
    ],
)
def test_preferences_are_read(header: str, found: dict[str, str]) -> None:
    assert parse_prefer(header) == found


@given(st.text())
def test_any_prefer_header_is_read(header: str) -> None:
    parse_prefer(header)
