"""The knobs of a simulated installation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from kobling_simulators.simply_crm.modules import CustomField
from kobling_simulators.simply_crm.taxes import Currency, LocalSet, Tax, numbered

DANISH_TAXES = [Tax("Moms", "25.000"), Tax("Momsfri", "0.000"), Tax("EU uden moms", "0.000")]
CURRENCIES = [
    Currency("Denmark, Kroner", "DKK", "kr", "1"),
    Currency("Euro", "EUR", "€", "0.134"),
    Currency("Sweden, Kronor", "SEK", "kr", "1.493"),
]


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this installation differs from others.

    Taxes are numbered by their place in the list. Without shipping_taxes, shipping has the same list as goods.
    The first currency is the base. php8 is a stock vTiger on PHP 8, which dies of "" in a sum and of individual
    tax with lines; switched off, sums count "" as 0 as PHP 7 does.

    Fidelity: known simply_crm §6 – stock `sync` crashes (default "broken"); a repaired one is "works"
    Fidelity: assumed simply_crm §0 – whether `revise` exists varies; when not, it is an unknown operation
    Fidelity: assumed simply_crm §10.6 – which PHP a hosted Simply CRM runs is not known; PHP 7's sums by default
    """

    sync: Literal["broken", "works"] = "broken"
    vtiger_version: str = "8.0.0"
    list_revise: bool = True
    rest_front: bool = True
    php8: bool = False
    time_zone: str = "UTC"
    utf8mb3: bool = True
    strict_lengths: bool = False
    custom_fields: list[CustomField] = msgspec.field(
        default_factory=lambda: [CustomField("Accounts", "cf_851", "CVR"), CustomField("Accounts", "cf_853", "EAN")]
    )
    taxes: list[Tax] = msgspec.field(default_factory=lambda: list(DANISH_TAXES))
    shipping_taxes: list[Tax] | None = None
    currencies: list[Currency] = msgspec.field(default_factory=lambda: list(CURRENCIES))

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)

    def local(self) -> LocalSet:
        """The taxes and currencies with their numbers."""
        shipping = self.taxes if self.shipping_taxes is None else self.shipping_taxes
        return LocalSet(numbered(self.taxes), numbered(shipping), self.currencies)
