"""The knobs of a simulated Pleo."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec


class Category(msgspec.Struct, forbid_unknown_fields=True):
    """A row of the chart of accounts that people made before any integration came."""

    code: str
    name: str
    external_id: str = ""


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this Pleo behaves where an admin decides, or where the contract leaves room.

    `entries`, `accounts`, `tags` (group code → code → name), `tax_codes` (code → rate) and `currency` say what a
    fresh Pleo holds: they take effect at the next reset.

    Fidelity: inferred pleo §1 – a refresh token lives at least 60 days (`refresh_life`; a third party's text)
    Fidelity: known pleo §4 – a job expires so many seconds after the last action (`job_life`)
    Fidelity: known pleo §3 – export items of a company without contra accounts are refused (`contra_accounts`: none)
    Fidelity: assumed pleo §4 – a contra account carries a code only where someone typed one (`contra_codes`)
    Fidelity: assumed pleo §2 – `value` counts hundredths for every currency (hurts) (`zero_decimal_value`)
    Fidelity: known pleo §3 – a group holds a maximum of active tags (`most_tags`); the number is assumed
    Fidelity: known pleo §3 – activating and archiving a vendor answer 204 (`vendor_actions`: empty; row: 200 with it)
    Fidelity: known pleo §5 – an older webhook body nests headers and payload (`webhook_body`)
    Fidelity: assumed pleo §5 – the same event may come twice (`webhook_twice`) or after a later one (`webhook_order`)
    Fidelity: known pleo §4 – some results are answered with ACCOUNTING_ENTRY_DOES_NOT_EXIST (`lost_entries`)
    """

    token_life: int = 3600
    refresh_life: int = 60 * 86_400
    missing_scopes: list[str] = []
    job_life: int = 3600
    contra_accounts: Literal["set", "none"] = "set"
    contra_codes: dict[str, str] = {}
    zero_decimal_value: Literal["hundredths", "whole"] = "hundredths"
    lost_entries: list[str] = []
    most_tags: int = 400
    vendor_actions: Literal["row", "empty"] = "empty"
    webhook_body: Literal["flat", "nested"] = "flat"
    webhook_twice: bool = False
    webhook_order: Literal["sent", "swapped"] = "sent"
    webhook_signature: Literal["right", "wrong"] = "right"
    entries: int | None = None
    accounts: list[Category] | None = None
    tags: dict[str, dict[str, str]] = {}
    tax_codes: dict[str, Decimal] = {}
    currency: str = "DKK"

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per second and client.

    Fidelity: assumed pleo §2 – no number is published; 50 a second, as clients in use do not slow themselves down
    """

    enabled: bool = True
    requests: int = 50
    window: int = 1
