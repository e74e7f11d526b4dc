"""The knobs of a simulated Unimicro."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

REDIRECT_URI = "http://localhost:8642/signed-in"


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this Unimicro behaves where a portal decides, or where the contract leaves room.

    Fidelity: known unimicro §2 – only registered redirect URIs pass (`redirect_uris`)
    Fidelity: assumed unimicro §2 – a person's token reaches the company picked on the page, or all of the person's
        (`person_companies`)
    Fidelity: known unimicro §2 – the client may lose the scope offline_access (`offline_access`); assumed – the wish is
        then refused, or ignored
    Fidelity: assumed unimicro §2 – refresh tokens work once (`rotation`)
    Fidelity: inferred unimicro §5 – an invoice without StatusCode is issued at once (`issue_at_once`) (hurts)
    Fidelity: assumed unimicro §5 – PUT clears writable fields that the graph leaves out (`put`: replace) (hurts)
    Fidelity: assumed unimicro §4 – a change of Info alone leaves the customer's UpdatedAt (`parent_stamp`: own) (hurts)
    Fidelity: assumed unimicro §4 – without `top`, and at most, 1000 rows come (`default_top`, `max_top`)
    Fidelity: assumed unimicro §4 – without `orderby` rows come by ID, or as last changed (`default_order`)
    Fidelity: assumed unimicro §7 – VAT is rounded line by line (`vat_rounding`)
    Fidelity: assumed unimicro §7 – an issued credit note has a negative total (`credit_sign`) (hurts)
    Fidelity: assumed unimicro §5 – unknown properties are refused (`unknown_properties`)
    Fidelity: assumed unimicro §5 – `_createguid` can be neither read nor filtered by (`createguid_readable`)
    Fidelity: known unimicro §8 – the signature header has two names (`signature_header`)
    Fidelity: known unimicro §8 – a URL that answers 401 so often (`block_after`) is blocked for good by its exact text
    Fidelity: known unimicro §3 – companies are {Key, Name} or {CompanyKey, CompanyName} (`company_names`)
    """

    token_life: int = 3600
    redirect_uris: list[str] = msgspec.field(default_factory=lambda: [REDIRECT_URI])
    person_companies: Literal["picked", "all"] = "picked"
    offline_access: Literal["owned", "refused", "ignored"] = "owned"
    rotation: bool = True
    issue_at_once: bool = True
    put: Literal["replace", "merge"] = "replace"
    parent_stamp: Literal["own", "touched"] = "own"
    default_top: int = 1000
    max_top: int = 1000
    default_order: Literal["id", "changed"] = "id"
    vat_rounding: Literal["line", "total"] = "line"
    credit_sign: Literal["negative", "positive", "any"] = "negative"
    unknown_properties: Literal["refuse", "ignore"] = "refuse"
    createguid_readable: bool = False
    signature_header: Literal["Unimicro-Signature", "Softrig-Signature"] = "Unimicro-Signature"
    block_after: int = 5
    webhook_attempts: int = 5
    webhook_twice: bool = False
    company_names: Literal["Key", "CompanyKey"] = "Key"
    closed_years: list[int] = []
    year_header: Literal["lenient", "strict"] = "lenient"
    missing_role: list[str] = []

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """How many requests may be in flight.

    Fidelity: assumed unimicro §6 – four at once; another is 429
    """

    enabled: bool = True
    at_once: int = 4
