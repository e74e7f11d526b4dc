"""The knobs of a simulated RecMan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How this RecMan behaves where the contract leaves room.

    Fidelity: known recman §2 – 1000 rows a page (`page_size`)
    Fidelity: assumed recman §1 – where only the first generation runs, /v2/… is 404 (`generation`: v1)
    Fidelity: assumed recman §6 – an empty map is `[]` (`empty_maps`: list) or `{}` (object)
    Fidelity: assumed recman §3 – lines of a credit note have positive quantities (`credit_notes`) (hurts)
    Fidelity: assumed recman §2 – rows come by id, oldest first (`order`)
    Fidelity: assumed recman §1 – refusals are HTTP 200 (`error_status`: ok) or carry their own status (own)
    """

    page_size: int = 1000
    generation: Literal["v2", "v1"] = "v2"
    empty_maps: Literal["list", "object"] = "list"
    credit_notes: Literal["positive", "negative"] = "positive"
    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    error_status: Literal["ok", "own"] = "ok"

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """The same with some knobs turned. Raises ValueError."""
        turned = msgspec.convert({**msgspec.to_builtins(self), **values}, Settings)
        if turned.page_size < 1:
            raise ValueError("page_size must be positive")
        return turned


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """How many requests may be in flight.

    Fidelity: assumed recman §2 – one at a time; another is 429
    """

    enabled: bool = True
    at_once: int = 1
