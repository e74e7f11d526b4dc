"""The knobs of a simulated Dinero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this Dinero behaves where the contract leaves room.

    Fidelity: known dinero §1 – without Pro or Total every call is HTTP 403 with code 90 (knob `pro`)
    Fidelity: inferred dinero §3 – numbers and booleans that are left out are 0 and false, as public clients rely on;
        the knob `strict_bodies` refuses them, unknown names, and values of another type
    Fidelity: inferred dinero §2 – an older version of an endpoint answers as well (`old_versions`): clients of 2024 and
        2025 still ask v1 and v1.1
    Fidelity: assumed dinero §8 – PaidAmount of a foreign invoice is in the voucher's currency and holds
        settled credit notes; neither is known, so `paid_amount` and `settled_is_paid` turn each
    Fidelity: assumed dinero §8 – an invoice below zero can be booked; `negative_invoices` refuses it
    Fidelity: assumed dinero §4 – a second create with the same Guid is refused: 400, code 42 (`duplicate_guid`)
    """

    pro: bool = True
    strict_bodies: bool = False
    paid_amount: Literal["voucher", "dkk"] = "voucher"
    settled_is_paid: bool = True
    negative_invoices: Literal["accept", "refuse"] = "accept"
    old_versions: bool = True
    duplicate_guid: Literal["refuse", "return_existing"] = "refuse"
    token_life: int = 3600
    retry_after_header: bool = False
    redirect_uris: list[str] = []

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per minute, per organization and client id.

    Fidelity: known dinero §5 – 100 per minute per organization per client id
    Fidelity: inferred dinero §5 – 60 per minute for personal integrations, as two practitioners state
    """

    enabled: bool = True
    public_per_minute: int = 100
    personal_per_minute: int = 60
