"""The knobs of a simulated sign-in service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How sign-in behaves where a tenant's admin decides, or where the contract leaves room.

    Fidelity: known dataverse §2 – access tokens live about an hour (knob `token_life`)
    Fidelity: assumed dataverse §2 – refresh tokens rotate: one that was used is refused (`rotation`)
    """

    token_life: int = 3600
    code_life: int = 600
    refresh_life_days: int = 90
    rotation: Literal["strict", "lenient"] = "strict"
    password_changed: bool = False
    consent_missing: bool = False
    secret_wrong: bool = False
    app_missing: bool = False
    redirect_uris: list[str] = []
    resources: list[str] = []

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        return msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)
