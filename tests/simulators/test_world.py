"""The fictional business world that both vendors are seeded from."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from stdnum import ean
from stdnum.dk import cvr

from kobling_simulators import Clock, build
from kobling_simulators.world.goods import goods
from kobling_simulators.world.parties import parties
from tests.simulators.crm import START

COUNT = 2_000


def test_both_sides_have_as_many_customers_as_asked_for_and_share_three_quarters_of_theirs() -> None:
    left = {party.number for party in parties(1, COUNT, "left")}
    right = {party.number for party in parties(1, COUNT, "right")}
    assert len(left) == len(right) == COUNT
    everyone = len(left | right)
    assert 0.58 < len(left & right) / everyone < 0.62
    assert 0.18 < len(left - right) / everyone < 0.22


def test_the_same_firm_has_the_same_number_on_both_sides() -> None:
    right = {party.number: party for party in parties(1, COUNT, "right")}
    for party in parties(1, COUNT, "left"):
        other = right.get(party.number)
        if other and other.cvr and party.number % 97 != 88:
            assert (party.cvr, party.zip_code) == (other.cvr, other.zip_code)


def test_identity_numbers_pass_their_checksums_however_they_are_spelled() -> None:
    found = list(parties(1, COUNT, "left"))
    spellings = Counter()
    for party in found:
        if party.cvr:
            digits = party.cvr.removeprefix("DK").replace(" ", "")
            assert cvr.is_valid(digits)
            odd = "prefix" if party.cvr.startswith("DK") else "blanks"
            spellings["plain" if digits == party.cvr else odd] += 1
        elif not party.is_person:
            spellings["missing"] += 1
        assert not party.ean or ean.is_valid(party.ean)
    assert min(spellings[kind] for kind in ("plain", "prefix", "blanks", "missing")) > 10


def test_the_books_are_messy() -> None:
    left, right = list(parties(1, COUNT, "left")), list(parties(1, COUNT, "right"))
    spelled = {party.number: party.name for party in right}
    twice = [party for party in left if "ø" in party.name and spelled.get(party.number, party.name) != party.name]
    assert twice
    assert Counter(party.name for party in right).most_common(1)[0][1] > 1
    assert any(party.street.endswith(" ") for party in left)
    assert any("😀" in party.name for party in left)
    assert any(len(party.name) == 100 for party in left)
    assert Counter(party.email for party in left).most_common(1)[0][1] > 1
    assert {party.currency for party in left} == {"DKK", "EUR", "SEK"}


def test_no_name_or_address_is_real() -> None:
    assert all(party.email.lower().endswith(".example") for party in parties(1, COUNT, "right"))


def test_some_products_lie_on_a_closed_account() -> None:
    assert any(good.closed for good in goods(1, "right"))
    assert {good.code for good in goods(1, "left")} & {good.code for good in goods(1, "right")}


@pytest.mark.parametrize("vendor", ["simply_crm", "dinero"])
def test_equal_seeds_give_equal_books_and_others_do_not(vendor: str) -> None:
    def dump(seed: int) -> list[object]:
        simulator = build(vendor, clock=Clock(lambda: START), seed=seed, records=40)
        return [simulator.dump(entity) for entity in simulator.entities()]

    assert dump(1) == dump(1)
    assert dump(1) != dump(2)


@pytest.mark.parametrize("vendor", ["simply_crm", "dinero"])
def test_no_records_means_set_up_data_only(vendor: str) -> None:
    simulator = build(vendor, clock=Clock(lambda: START), seed=1, records=0)
    set_up = {"Users", "Groups", "Currency", "CompanyDetails", "Tax", "accounts", "deposits", "accountingyears"}
    filled = {entity.partition("@")[0] for entity in simulator.entities() if simulator.dump(entity)}
    assert filled
    assert filled <= set_up


def test_seeding_leaves_the_clock_as_it_was() -> None:
    clock = Clock(lambda: START)
    build("dinero", clock=clock, seed=1, records=40)
    assert (clock.now(), clock.state()["frozen"]) == (START, False)


def test_seeded_entries_balance_and_some_money_is_foreign() -> None:
    simulator = build("dinero", clock=Clock(lambda: START), seed=1, records=400)
    assert sum((row["Amount"] for row in simulator.dump("entries")), Decimal(0)) == 0
    invoices = simulator.dump("invoices")
    assert {"Draft", "Booked"} == {row["Status"] for row in invoices}
    assert {"Paid", "Overdue"} <= {row["PaymentStatus"] for row in invoices}
    assert {row["Currency"] for row in invoices} == {"DKK", "EUR", "SEK"}


def test_the_left_side_holds_its_customers_as_accounts_and_persons() -> None:
    simulator = build("simply_crm", clock=Clock(lambda: START), seed=1, records=100)
    accounts, contacts = simulator.dump("Accounts"), simulator.dump("Contacts")
    persons = [row for row in contacts if not row["account_id"]]
    assert len(accounts) + len(persons) == 100
    assert {row["assigned_user_id"] for row in accounts} == {"19x1", "19x5"}
