"""The knobs of a simulated installation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from kobling_simulators.simply_crm.modules import CustomField, Tax

DANISH_TAXES = [Tax("Moms", "25.000"), Tax("Momsfri", "0.000"), Tax("EU uden moms", "0.000")]


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this installation differs from others.

    Fidelity: known simply_crm §6 – stock `sync` crashes (default "broken"); a repaired one is "works"
    Fidelity: assumed simply_crm §0 – whether `revise` exists varies; when not, it is an unknown operation
    """

    sync: Literal["broken", "works"] = "broken"
    vtiger_version: str = "8.0.0"
    list_revise: bool = True
    time_zone: str = "UTC"
    utf8mb3: bool = True
    strict_lengths: bool = False
    custom_fields: list[CustomField] = msgspec.field(
        default_factory=lambda: [CustomField("Accounts", "cf_851", "CVR"), CustomField("Accounts", "cf_853", "EAN")]
    )
    taxes: list[Tax] = msgspec.field(default_factory=lambda: list(DANISH_TAXES))

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)
