"""Set-up data of a simulated Dinero: chart of accounts, VAT types, countries, units, exchange rates."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.wire import from_json


@cache
def facts(name: str) -> Any:
    """A JSON file beside this one."""
    return from_json((Path(__file__).parent / name).read_bytes())


@cache
def units() -> frozenset[str]:
    """Unit keys of product lines."""
    return frozenset(facts("set_up.json")["units"])


@cache
def regions() -> dict[str, str]:
    """VAT region (DK, EU, World) by country key."""
    return {key: region for key, _, _, region in facts("set_up.json")["countries"]}


@cache
def rates() -> dict[str, Decimal]:
    """DKK for 100 units, by currency.

    Fidelity: assumed dinero §4 – exchange rates are constants here; the contract says only that DKK is 100
    """
    return {key: Decimal(rate) for key, rate in facts("set_up.json")["rates"].items()}


@cache
def vat_rates() -> dict[str, Decimal]:
    """Share of VAT by VAT code.

    Fidelity: assumed dinero §4 – codes other than U25 and I25 are examples
    """
    return {code: Decimal(rate) for code, _, rate in facts("set_up.json")["vat_types"]}
