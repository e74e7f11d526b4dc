"""The knobs of a simulated Pleo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this Pleo behaves where an admin decides, or where the contract leaves room.

    Fidelity: known pleo §4 – a job expires so many seconds after the last action (`job_life`)
    Fidelity: known pleo §3 – export items of a company without contra accounts are refused (`contra_accounts`: none)
    Fidelity: assumed pleo §4 – a contra account carries a code only where someone typed one (`contra_codes`)
    Fidelity: assumed pleo §2 – `value` counts hundredths for every currency (`zero_decimal_value`)
    Fidelity: known pleo §3 – a group holds a maximum of active tags (`most_tags`); the number is assumed
    Fidelity: known pleo §5 – an older webhook body nests headers and payload (`webhook_body`)
    """

    token_life: int = 3600
    job_life: int = 3600
    contra_accounts: Literal["set", "none"] = "set"
    contra_codes: dict[str, str] = {}
    zero_decimal_value: Literal["hundredths", "whole"] = "hundredths"
    most_tags: int = 400
    webhook_body: Literal["flat", "nested"] = "flat"
    webhook_twice: bool = False
    missing_scopes: list[str] = []

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Requests per second and client.

    Fidelity: assumed pleo §2 – no number is published; 5 a second
    """

    enabled: bool = True
    requests: int = 5
    window: int = 1
