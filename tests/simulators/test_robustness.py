"""Whatever a client sends, a simulator answers as the vendor would and never breaks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kobling_simulators
from kobling_simulators.dinero.schema import model
from kobling_simulators.wire import from_json, to_json
from tests.simulators.books import Dinero
from tests.simulators.crm import Crm, signed_in

MARK = re.compile(r"Fidelity: (known|inferred|assumed) (simply_crm|dinero) §\d+(\.\d+)? – \S.*")

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["DKK", "DK", "2026-11-22", "9999-12-31", "parts", "Netto", "NettoCash", "none"]),
    st.lists(st.integers(), max_size=2),
)


def body(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = [*model(name), "Unknown"]
    return st.dictionaries(st.sampled_from(fields), values, max_size=8)


line = st.builds(lambda base, odd: {**base, **odd}, st.just({}), body("InvoiceLine"))


@pytest.fixture(scope="module")
def dinero() -> Dinero:
    return Dinero(records=10)


@pytest.fixture(scope="module")
def crm() -> Crm:
    return signed_in(records=10)


@pytest.mark.parametrize(
    ("method", "address", "name"),
    [
        ("POST", "v1 contacts", "ContactCreate"),
        ("POST", "v1 products", "ProductWrite"),
        ("POST", "v1 vouchers/manuel", "ManualVoucherCreate"),
        ("POST", "v1 accounts/entry", "EntryAccountCreate"),
        ("POST", "v1 webhooks/subscribe", "WebhookSubscribe"),
    ],
)
def test_any_body_is_taken_or_refused_by_dinero(dinero: Dinero, method: str, address: str, name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(body(name))
    def sent(given_body: dict[str, Any]) -> None:
        reply = dinero.raw(method, address, given_body)
        assert reply.status in (200, 400)
        from_json(reply.body or b"null")

    sent()


def test_any_invoice_is_taken_and_readable_or_refused(dinero: Dinero) -> None:
    @settings(max_examples=150, deadline=None)
    @given(body("InvoiceCreate"), st.lists(line, max_size=2), st.booleans(), st.booleans())
    def sent(header: dict[str, Any], lines: list[dict[str, Any]], sound: bool, book: bool) -> None:
        if sound:
            header = {key: value for key, value in header.items() if key in ("Comment", "Date", "Description")}
            lines = [
                {"BaseAmountValue": 1, "Quantity": 2, "AccountNumber": 1000, "Discount": 0, **one} for one in lines
            ]
        reply = dinero.raw("POST", "v1 invoices", {**header, "ProductLines": lines})
        assert reply.status in (200, 400)
        if reply.status == 200:
            made = from_json(reply.body)
            assert dinero.invoice(made["Guid"])["TotalInclVat"] is not None
            if book:
                answer = dinero.raw("POST", f"v1 invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"]})
                assert answer.status in (200, 400)

    sent()


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["page", "pageSize", "fields", "queryFilter", "changesSince", "sort"]), st.text())
)
def test_any_list_parameter_is_understood_or_refused(query: dict[str, str]) -> None:
    for address in ("v1 contacts", "v1 products", "v1 invoices", "v1 files"):
        assert _DINERO.raw("GET", address, None, **query).status in (200, 400)


_DINERO = Dinero()


@pytest.mark.parametrize("module", ["Accounts", "Contacts", "Products", "Invoice", "SalesOrder"])
def test_any_element_is_taken_or_refused_by_simply_crm(crm: Crm, module: str) -> None:
    fields = [*crm.simulator._place.store.modules[module].columns, "LineItems", "nosuch"]
    sound = {"accountname": "A", "lastname": "B", "assigned_user_id": "19x1", "productname": "P"}

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.sampled_from(fields), values, max_size=8))
    def sent(element: dict[str, Any]) -> None:
        given_element = to_json({**sound, **element}).decode()
        reply = crm.post("create", sessionName=crm.session, elementType=module, element=given_element)
        assert reply.status == 200
        answer = from_json(reply.body)
        if answer["success"]:
            full_id = answer["result"]["id"]
            again = crm.signed("retrieve", id=full_id)
            assert from_json(again.body)["success"]
            revised = to_json({"id": full_id, **element}).decode()
            assert crm.post("revise", sessionName=crm.session, element=revised).status == 200

    sent()


def test_a_refused_revise_of_an_invoice_changes_nothing(crm: Crm) -> None:
    before = crm.simulator.dump("Invoice")
    stock = crm.simulator.dump("Products")
    element = {"id": before[0]["id"], "subject": "Andet", "LineItems": [{"quantity": "1"}]}
    assert b"MANDATORY" in crm.signed("revise", element=element).body
    assert crm.simulator.dump("Invoice") == before
    assert crm.simulator.dump("Products") == stock


def test_every_fidelity_mark_can_be_collected() -> None:
    folder = Path(kobling_simulators.__file__).parent
    marks = [
        line.strip().strip('"').rstrip()
        for vendor in ("simply_crm", "dinero")
        for path in (folder / vendor).glob("*.py")
        for line in path.read_text().splitlines()
        if "Fidelity:" in line
    ]
    assert len(marks) > 60
    assert [mark for mark in marks if not MARK.fullmatch(mark)] == []
