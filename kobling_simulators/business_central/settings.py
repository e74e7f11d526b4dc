"""The knobs of a simulated Business Central."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this environment behaves where an admin decides, or where the contract leaves room.

    Fidelity: known business_central §2 – an app must be added in Business Central and be Enabled (`app_registration`)
    Fidelity: known business_central §1 – Basic works on-premises only (`hosting`); APIs are off there by default
    Fidelity: known business_central §4 – pages hold at most 20,000 entities (`page_maximum`)
    Fidelity: inferred business_central §8 – 429 comes without Retry-After (`retry_after_429`)
    Fidelity: assumed business_central §6 – whether a person's company has the sets of the contract (`missing`)
    Fidelity: known business_central §5 – notifications wait 30 s (`webhook_window`; `webhook_flush` sends all now)
    Fidelity: assumed business_central §6.1 – codes of journal templates; the first by name is the default (`templates`)
    Fidelity: inferred business_central §6.1 – a journal batch or template may have a posting number series: the number
    that its first document gets when it is posted, by the code of batch or template (`posting_series`)
    Fidelity: inferred business_central §10 – customers and vendors whose prices include VAT, by their numbers; API v2.0
    shows it on documents only (`prices_include_tax`)
    Fidelity: inferred business_central §10 – VAT areas and codes with reverse charge, as "EU MOMS25" (`reverse_charge`)
    """

    hosting: Literal["online", "embed", "on_premises"] = "online"
    environments: Literal["listed", "empty"] = "listed"
    environment_status: Literal["Active", "Upgrading", "NotReady"] = "Active"
    app_registration: Literal["enabled", "disabled", "missing"] = "enabled"
    user_license: bool = True
    permissions_missing: list[str] = []
    extensions: Literal["none", "api", "odata"] = "none"
    basic_auth: bool = False
    missing: list[str] = []
    page_maximum: int = 20_000
    retry_after_429: int | None = None
    allow_posting_from: str = "0001-01-01"
    allow_posting_to: str = "0001-01-01"
    templates: list[str] = []
    copy_vat_to_journal: bool = True
    digital_voucher: bool = False
    posting_series: dict[str, str] = {}
    prices_include_tax: list[str] = []
    reverse_charge: list[str] = []
    public_url: str = ""
    mandatory_dimensions: dict[str, list[str]] = {}
    webhook_window: int = 30
    webhook_flush: bool = False

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per user in a sliding window, and how many at once.

    Fidelity: known business_central §8 – 6,000 requests in 5 minutes per user; 5 processed, 95 queued, then 429
    """

    enabled: bool = True
    requests: int = 6_000
    window: int = 300
    connections: int = 100
