"""A key that people type couples nobody by itself: what else must agree, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.mapping import Evidence, FieldMapping, MatchRule, Side, TableMapping, end
from kobling.mapping.codecs import NUMBER
from kobling.pairs.registry import pairs
from kobling.sync.actions import AnyAction, Couple, Create, RaiseConflict, Skip, Update
from kobling.sync.evidence import names_agree
from kobling.sync.plan import plan_loner
from kobling.sync.states import Hits, Loner, Seen

TOTAL = FieldMapping("total", end("t", codec=NUMBER), end("T", codec=NUMBER), proof=True, by_line=True)
DOCUMENTS = TableMapping(
    name="invoices",
    left="Invoice",
    right="invoices",
    fields=(
        FieldMapping("name", end("n"), end("N")),
        FieldMapping("number", end("r"), end("R")),
        FieldMapping("customer", end("k"), end("K")),
        FieldMapping("currency", end("c"), end("C")),
        FieldMapping("cvr", end("v"), end("V"), legal=True),
        TOTAL,
    ),
    match=(
        MatchRule(("cvr",), Evidence.LEGAL),
        MatchRule(("number",), Evidence.AGREEING, ("customer", "currency", "total")),
        MatchRule(("name",)),
    ),
)
ONE = {"name": "A", "number": "1", "customer": "customers:1", "currency": "DKK", "total": Decimal("100.00")}
SAID = {"customer": "customers:2", "currency": "EUR", "total": Decimal("99.98")}


def judged(
    mine: dict[str, Any], theirs: dict[str, Any], side: Side = Side.LEFT, *hits: Hits, **more: Any
) -> list[AnyAction]:
    """What is planned for a record that shares its number with another one."""
    here, there = Seen("here", mine, **more), Seen("there", theirs)
    told = hits or (Hits(), Hits(others=("there",)), Hits())
    return list(plan_loner(DOCUMENTS, Loner(side, here, told, {"there": there})))


@pytest.mark.parametrize("side", list(Side))
def test_a_number_couples_where_party_currency_and_total_agree(side: Side) -> None:
    found = judged(ONE, ONE | {"name": "Something else"}, side)
    assert [type(each) for each in found] == [Couple, Update]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("key", "value"), SAID.items())
def test_one_thing_that_differs_is_asked_about_and_shown_as_both_sides_have_it(
    key: str, value: Any, side: Side
) -> None:
    (asked,) = judged(ONE, ONE | {key: value}, side)
    assert isinstance(asked, RaiseConflict)
    mine, theirs = (ONE[key], value) if side is Side.LEFT else (value, ONE[key])
    assert (asked.kind, asked.fields) == ("maybe_same", {key: [None, mine, theirs]})
    assert asked.candidates == ["there"]


@pytest.mark.parametrize("key", SAID)
@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_on_both_sides_agrees_in_nothing(key: str, empty: str | None) -> None:
    (asked,) = judged(ONE | {key: empty}, ONE | {key: empty})
    assert isinstance(asked, RaiseConflict)


def test_totals_agree_as_far_as_they_are_proven() -> None:
    three = {"lines": [{}, {}, {}]}
    found = judged(ONE | three, ONE | three | {"total": Decimal("100.02")})
    assert isinstance(found[0], Couple)
    assert isinstance(judged(ONE, ONE | {"total": Decimal("100.01")})[0], Couple), "a line and its VAT"
    (asked,) = judged(ONE, ONE | {"total": Decimal("100.02")})
    assert isinstance(asked, RaiseConflict), "one line does not explain two øre"
    less = {"lines": [{"discount": 10}]}
    found = judged(ONE | less, ONE | less | {"total": Decimal("100.02")})
    assert isinstance(found[0], Couple), "worth and discount are rounded on one side, what is left on the other"
    (asked,) = judged(ONE | less, ONE | less | {"total": Decimal("100.03")})
    assert isinstance(asked, RaiseConflict)


def test_a_legal_number_that_both_carry_and_that_differs_speaks_against_it() -> None:
    (asked,) = judged(ONE | {"cvr": "1"}, ONE | {"cvr": "2"})
    assert isinstance(asked, RaiseConflict) and list(asked.fields) == ["cvr"]
    assert isinstance(judged(ONE | {"cvr": "1"}, ONE)[0], Couple), "one that a side does not carry says nothing"


def test_a_legal_number_couples_whatever_else_differs() -> None:
    assert isinstance(judged(ONE, ONE | SAID, Side.LEFT, Hits(others=("there",)), Hits(), Hits())[0], Couple)


def test_two_rules_that_name_two_records_are_asked_about() -> None:
    hits = (Hits(others=("there",)), Hits(others=("elsewhere",)), Hits())
    (asked,) = judged(ONE, ONE, Side.LEFT, *hits)
    assert isinstance(asked, RaiseConflict)
    assert (asked.kind, asked.candidates) == ("ambiguous", ["there", "elsewhere"])


def test_a_hint_that_names_somebody_else_is_no_question() -> None:
    hits = (Hits(), Hits(others=("there",)), Hits(others=("elsewhere",)))
    assert isinstance(judged(ONE, ONE, Side.LEFT, *hits)[0], Couple)


def test_a_record_whose_party_is_not_known_yet_waits_and_is_not_asked_about() -> None:
    mine = {key: value for key, value in ONE.items() if key != "customer"}
    (found,) = judged(mine, ONE, waits=(("customer", "customers", "7"),))
    assert isinstance(found, Skip) and found.why == "waits"


def test_a_number_that_a_coupled_record_carries_is_asked_about_before_it_goes_again() -> None:
    hits = (Hits(), Hits(taken=("sent",)), Hits())
    (asked,) = judged(ONE, ONE, Side.LEFT, *hits)
    assert isinstance(asked, RaiseConflict) and asked.kind == "duplicate_identity"


@given(
    st.dictionaries(st.sampled_from([*SAID]), st.sampled_from([None, *SAID.values(), *ONE.values()])),
    st.sampled_from(list(Side)),
)
def test_whatever_differs_nothing_is_written(changed: dict[str, Any], side: Side) -> None:
    theirs = ONE | changed
    if all(theirs[key] == ONE[key] for key in SAID):
        return
    found = judged(ONE, theirs, side)
    assert not any(isinstance(each, Couple | Update | Create) for each in found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alfa ApS", "ALFA APS"),
        ("Alfa ApS", "Alfa"),
        ("Bøgh & Søn A/S", "Boegh og Soen AS"),
        ("Carl Hansen & Søn Møbelfabrik A/S", "Carl Hansen & Søn Møbelfabrik"),
        ("Café  Solsikken", "cafe solsikken"),
    ],
)
def test_names_of_one_company(one: str, other: str) -> None:
    assert names_agree(one, other) and names_agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Alfa ApS", "Alfa A/S"), ("Alfa", "Alfa Holding"), ("", ""), ("ApS", "A/S"), ("Nordisk Tag", "Café Solsikken")],
)
def test_names_of_two_companies(one: str, other: str) -> None:
    assert not names_agree(one, other) and not names_agree(other, one)


@pytest.mark.parametrize("evidence", [Evidence.LEGAL, Evidence.LISTED])
def test_a_rule_cannot_claim_what_its_fields_do_not_show(evidence: Evidence) -> None:
    with pytest.raises(ValueError, match="number"):
        replace(DOCUMENTS, match=(MatchRule(("number",), evidence),))


def test_a_rule_of_one_typed_key_cannot_couple_by_itself() -> None:
    with pytest.raises(ValueError, match="agrees"):
        MatchRule(("number",), Evidence.AGREEING)
    with pytest.raises(ValueError, match="agrees"):
        MatchRule(("number",), agrees=("name",))
    with pytest.raises(ValueError, match="one part"):
        MatchRule(("number",), Evidence.PARTS)
    assert not MatchRule(("number",)).silent


def test_rules_that_couple_come_before_those_that_ask() -> None:
    with pytest.raises(ValueError, match="first"):
        replace(DOCUMENTS, match=tuple(reversed(DOCUMENTS.match)))


PROVEN = {"cvr", "ean", "org_number"}
"""Fields of our pairs that an authority gives numbers in."""


@pytest.mark.parametrize("name", sorted(pairs().found))
def test_no_pair_calls_a_typed_key_a_proof(name: str) -> None:
    kind = pairs().found[name]
    tables = kind.mappings(kind.with_defaults({}), {})
    for table in tables.values():
        for rule in table.match:
            if rule.evidence is Evidence.LEGAL:
                assert PROVEN & set(rule.keys), (table.name, rule)
        assert {each.key for each in table.fields if each.legal} <= PROVEN
