"""The knobs of a simulated Dataverse organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

TRACKED = (
    "account",
    "contact",
    "opportunity",
    "product",
    "salesorder",
    "invoice",
    "quote",
    "systemuser",
    "transactioncurrency",
)
_BULK = ("account", "contact", "product", "salesorder", "invoice", "opportunity", "productpricelevel")


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this organization behaves where an admin decides, or where the contract leaves room.

    Fidelity: known dataverse §5 – a delta token lives 7 days by default (`delta_life_days`)
    Fidelity: known dataverse §4 – pages hold at most 5,000 rows (`page_maximum`)
    Fidelity: assumed dataverse §5 – which tables have change tracking on by default (`change_tracking`)
    Fidelity: assumed dataverse §6 – which stock tables offer bulk messages (`bulk_messages`)
    Fidelity: assumed dataverse §10 – a read-only column in a body is refused (`read_only_columns`)
    Fidelity: assumed dataverse §10 – application-required columns bind forms, not the API (`require_recommended`)
    Fidelity: assumed dataverse §9 – a product needs a price-list item to become Active (`activation_needs_price`)
    Fidelity: known dataverse §2 – an application user needs a security role (`app_user_roles`: "needed")
    Fidelity: inferred dataverse §6 – lines of a batch that end in a bare line feed (`line_feeds`)
    Fidelity: inferred dataverse §7 – rights that the app user lacks on single rows, by their ids (`no_rights`)
    """

    change_tracking: list[str] = msgspec.field(default_factory=lambda: list(TRACKED))
    delta_life_days: float = 7
    bulk_messages: list[str] = msgspec.field(default_factory=lambda: list(_BULK))
    alternate_keys_allowed: bool = True
    key_build_seconds: float = 0
    page_maximum: int = 5000
    multi_currency: bool = True
    organizations: int = 1
    missing_privileges: dict[str, list[str]] = {}
    app_user: Literal["enabled", "disabled", "missing"] = "enabled"
    app_user_roles: Literal["any", "needed"] = "any"
    impersonation: bool = True
    business_central_solution: bool = False
    read_only_columns: Literal["refuse", "ignore"] = "refuse"
    require_recommended: bool = False
    activation_needs_price: bool = True
    price_decimals: int = 2
    line_feeds: Literal["taken", "refused"] = "taken"
    public_url: str = ""
    no_rights: dict[str, list[str]] = {}

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Service protection, per user, in a sliding window.

    Fidelity: known dataverse §8 – 6,000 requests, 1,200 s of execution, 52 at once, in 300 s
    Fidelity: assumed dataverse §8 – what a call costs: read 10 ms + 20 µs a row, write 40 ms, each row of a bulk
    message 10 ms; a $batch is one request whose parts' costs add up
    """

    enabled: bool = True
    requests: int = 6000
    seconds: float = 1200
    concurrent: int = 52
    window: int = 300
