"""Where and on which terms an order is delivered: whole addresses, and options by what they say."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.mapping import Side, TableMapping, read, write
from kobling.pairs.dynamics_sales_business_central.delivery import ship_to, terms
from kobling.pairs.dynamics_sales_business_central.pair import PAIR
from kobling.records import Refused

ADDRESS = ship_to(PAIR.with_defaults({}))
TABLE = TableMapping(name="orders", left="salesorders", right="salesOrders", fields=(ADDRESS, *terms()))
KAJEN = {"shipto_name": "Byggeplads", "shipto_line1": " Kajen 2", "shipto_country": "Sverige"}
TO_SWEDEN = {"name": "Byggeplads", "line1": "Kajen 2", "country": "SE"}


class Lists:
    """An order's own options and the accounts', of which one is coupled."""

    current: Any = None
    options = {
        "salesorder.paymenttermscode": {"9": "Netto 8"},
        "account.paymenttermscode": {"1": "Netto 8", "9": "Net 30"},
    }

    def field(self, _side: str, resource: str, external_id: str, _path: str) -> str | None:
        return self.options[resource].get(external_id)

    def find(self, _side: str, resource: str, _path: str, value: Any) -> str | None:
        return next((key for key, label in self.options[resource].items() if label == value), None)

    def coupling(self, _mapping: str, _side: str, external_id: str) -> str:
        return f"c{external_id}"


def here(side: Side, fields: dict[str, Any]) -> Any:
    ends = ADDRESS.end(side)
    assert ends is not None
    return read(TABLE, side, {**dict.fromkeys(ends.paths), **fields}, Lists())  # type: ignore[arg-type]


def test_parts_that_are_empty_are_written_as_blank_beside_those_that_are_not() -> None:
    found = here(Side.LEFT, KAJEN).values["ship_to"]
    assert found == TO_SWEDEN
    written = write(TABLE, Side.RIGHT, {"ship_to": found}, None)
    assert (written["shipToAddressLine1"], written["shipToCountry"]) == ("Kajen 2", "SE")
    assert [written[name] for name in ("shipToAddressLine2", "shipToCity", "shipToPostCode", "shipToState")] == [""] * 4


def test_it_comes_back_in_words_and_what_is_empty_is_nothing() -> None:
    told = {"shipToName": "Byggeplads", "shipToAddressLine1": "Kajen 2", "shipToCountry": "SE"}
    assert here(Side.RIGHT, told).values["ship_to"] == TO_SWEDEN
    written = write(TABLE, Side.LEFT, {"ship_to": TO_SWEDEN}, None)
    assert (written["shipto_country"], written["shipto_city"]) == ("Sverige", None)


def test_no_address_says_nothing_and_leaves_the_customers_own() -> None:
    assert here(Side.LEFT, {}).values["ship_to"] is None
    assert write(TABLE, Side.RIGHT, {"ship_to": None}, None) == {}


def test_half_an_address_is_refused() -> None:
    with pytest.raises(Refused):
        write(TABLE, Side.RIGHT, {"ship_to": {**TO_SWEDEN, "country": "Freedonia"}}, None)
    with pytest.raises(Refused):
        write(TABLE, Side.RIGHT, {"ship_to": {**TO_SWEDEN, "city": "x" * 31}}, None)


def test_terms_are_told_by_their_label_whatever_number_each_list_gives_them() -> None:
    found = here(Side.LEFT, {"paymenttermscode": 9})
    assert found.values["payment_terms"] == "payment_terms:c1"


def test_terms_that_the_accounts_do_not_have_are_left_behind_and_told() -> None:
    found = here(Side.LEFT, {"paymenttermscode": 7})
    assert "payment_terms" not in found.values and list(found.lacking) == ["payment_terms"]
