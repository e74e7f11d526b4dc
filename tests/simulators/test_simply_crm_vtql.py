"""The query language: what it accepts, how it complains, and that indexes never change an answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators.simply_crm.errors import ServiceError
from kobling_simulators.simply_crm.vtql import Condition, parse
from tests.simulators.crm import Crm, error, signed_in

NAMES = ["Anna", "Bøgh", "bøgh ", "O'Brien", "Ærø", "zz%"]


@pytest.fixture(scope="module")
def crm() -> Crm:
    crm = signed_in()
    account = crm.create("Accounts", accountname="Hos")["id"]
    for number in range(130):
        crm.clock.advance(number % 3 == 0)
        crm.create(
            "Contacts",
            lastname=NAMES[number % len(NAMES)],
            firstname=f"N{number % 7}",
            account_id=account if number % 4 else "",
            email=f"{number % 11}@bogh.example",
        )
    for number in range(3, 60, 9):
        crm.clock.advance(1)
        crm.revise(id=f"12x{number}", title="Ændret")
    crm.signed("delete", id="12x50")
    return crm


def test_the_parts_of_a_query_are_read() -> None:
    query = parse(
        "Select id, lastname FROM Contacts where a='x''y' and b like 'B%' or c in ('1','2') "
        "order by modifiedtime desc, id limit 10,20;"
    )
    assert query.columns == ("id", "lastname")
    assert query.where == (
        (Condition("a", "=", ("x'y",)), Condition("b", "like", ("B%",))),
        (Condition("c", "in", ("1", "2")),),
    )
    assert query.order == (("modifiedtime", True), ("id", False))
    assert (query.offset, query.limit) == (10, 20)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts; select", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts where lastname not like 'B%';", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts where (lastname='B');", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts where lastname='a' and (firstname='b' or email='c');", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts limit x;", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts order id;", "QUERY_SYNTAX_ERROR"),
        ("delete from Contacts;", "QUERY_SYNTAX_ERROR"),
        ("select * from Contacts where lastname='';", "INTERNAL_SERVER_ERROR"),
        ("select account_id.accountname from Contacts;", "INTERNAL_SERVER_ERROR"),
        ("select * from Contacts where account_id.accountname='x';", "INTERNAL_SERVER_ERROR"),
        ("select nosuch from Contacts;", "ACCESS_DENIED"),
        ("select * from Contacts where nosuch='1';", "ACCESS_DENIED"),
        ("select * from Contacts order by nosuch;", "ACCESS_DENIED"),
        ("select * from Nope;", "ACCESS_DENIED"),
    ],
)
def test_a_wrong_query_is_named(crm: Crm, text: str, code: str) -> None:
    assert error(crm.signed("query", query=text))[0] == code


@given(st.text(alphabet="select *fromContacts'=;(),<> 01\\.xæ", max_size=60))
def test_any_text_is_a_query_or_a_named_error(text: str) -> None:
    try:
        parse(text)
    except ServiceError as refused:
        assert refused.code in ("QUERY_SYNTAX_ERROR", "INTERNAL_SERVER_ERROR")


@given(st.text(min_size=1, max_size=30))
def test_a_literal_with_doubled_quotes_is_read_back(text: str) -> None:
    doubled = text.replace("'", "''")
    assert parse(f"select id from C where a='{doubled}';").where[0][0].values == (text,)


def test_at_most_100_rows_come_and_offsets_page_on(crm: Crm) -> None:
    first = crm.query("select id from Contacts order by id limit 500;")
    second = crm.query("select id from Contacts order by id limit 100,100;")
    numbers = [int(row["id"][3:]) for row in first + second]
    assert len(first) == 100
    assert numbers == sorted(set(numbers))
    assert crm.query("select count(*) from Contacts;") == [{"count": str(len(numbers))}]


def test_ids_compare_as_numbers(crm: Crm) -> None:
    rows = crm.query("select id from Contacts where id > '12x9' order by id limit 3;")
    assert [row["id"] for row in rows] == ["12x10", "12x11", "12x12"]


def test_a_reference_can_be_asked_for(crm: Crm) -> None:
    found = crm.query("select count(*) from Contacts where account_id='11x2';")
    assert found == [{"count": "96"}]


def test_letters_of_either_case_are_equal_and_deleted_rows_never_come(crm: Crm) -> None:
    assert crm.query("select count(*) from Contacts where lastname='BØGH';") == [{"count": "44"}]
    assert crm.query("select id from Contacts where id='12x50';") == []


def test_keyset_paging_reads_every_row_once(crm: Crm) -> None:
    seen, last = [], "12x0"
    while rows := crm.query(f"select id from Contacts where id > '{last}' order by id limit 30;"):
        seen += [row["id"] for row in rows]
        last = seen[-1]
    assert len(seen) == len(set(seen)) == 129


def test_an_ordered_scan_begins_at_the_lowest_bound_of_all_alternatives(crm: Crm) -> None:
    rows = crm.query("select id from Contacts where id > '12x120' or id = '12x5' order by id limit 2;")
    assert [row["id"] for row in rows] == ["12x5", "12x121"]
    early, late = "2026-11-22 21:30:01", "2026-11-22 21:30:45"
    where = f"modifiedtime >= '{late}' or modifiedtime = '{early}'"
    rows = crm.query(f"select modifiedtime from Contacts where {where} order by modifiedtime, id;")
    assert rows[0]["modifiedtime"] == early
    assert rows[-1]["modifiedtime"] >= late


def test_paging_by_modifiedtime_and_id_reads_every_row_once(crm: Crm) -> None:
    seen, stamp, last = [], "2000-01-01 00:00:00", "12x0"
    while rows := crm.query(
        f"select id,modifiedtime from Contacts where modifiedtime > '{stamp}' or modifiedtime = '{stamp}' "
        f"and id > '{last}' order by modifiedtime, id limit 40;"
    ):
        seen += [row["id"] for row in rows]
        stamp, last = rows[-1]["modifiedtime"], rows[-1]["id"]
    assert len(seen) == len(set(seen)) == 129


conditions = st.one_of(
    st.tuples(st.just("lastname"), st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from(NAMES)),
    st.tuples(st.just("firstname"), st.sampled_from(["=", "!=", "like"]), st.sampled_from(["N1", "N5", "%3", "n_"])),
    st.tuples(st.just("id"), st.sampled_from(["=", "!=", "<", ">", "<=", ">="]), st.sampled_from(["12x9", "12x70"])),
    st.tuples(st.just("email"), st.sampled_from(["=", ">"]), st.sampled_from(["3@bogh.example", "9@bogh.example"])),
    st.tuples(
        st.just("modifiedtime"),
        st.sampled_from(["=", "!=", "<", ">", "<=", ">="]),
        st.sampled_from(["2026-11-22 21:30:05", "2026-11-22 21:30:20", "2026-11-22 21:30:46"]),
    ),
)
orders = st.sampled_from(["", "id", "id desc", "modifiedtime", "modifiedtime, id", "modifiedtime desc", "lastname, id"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=3), orders)
def test_an_index_never_changes_which_rows_fit_nor_their_order(
    crm: Crm, groups: list[list[tuple[str, str, str]]], order: str
) -> None:
    where = " or ".join(
        " and ".join(f"{c} {op} '{v.replace(chr(39), chr(39) * 2)}'" for c, op, v in group) for group in groups
    )
    asked = f"select * from Contacts where {where}{f' order by {order}' if order else ''} limit"
    rows = crm.query(f"{asked} 0,100;") + crm.query(f"{asked} 100,100;")
    alone = [_ids(crm, [group]) for group in groups]
    assert {row["id"] for row in rows} == set().union(*alone)
    keys = [(row["modifiedtime"], int(row["id"][3:])) for row in rows]
    if order == "modifiedtime, id":
        assert keys == sorted(keys)
    if order.startswith("id"):
        numbers = [number for _, number in keys]
        assert numbers == sorted(numbers, reverse=order.endswith("desc"))


def _ids(crm: Crm, groups: list[list[tuple[str, str, str]]]) -> set[str]:
    """Rows that fit each condition on its own, found by a query for that condition alone."""
    found: list[set[str]] = []
    for column, operator, value in groups[0]:
        doubled = value.replace("'", "''")
        asked = f"select id from Contacts where {column} {operator} '{doubled}' order by firstname limit"
        found.append({row["id"] for row in crm.query(f"{asked} 0,100;") + crm.query(f"{asked} 100,100;")})
    return set.intersection(*found)
