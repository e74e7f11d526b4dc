"""API keys: what each may see and do."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kobling_simulators.recman.errors import ApiError, forbidden
from kobling_simulators.recman.scopes import SCOPES


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `departments` None stands for all.

    Fidelity: inferred recman §1 – a system administrator makes keys, with access by scope and by department
    """

    name: str
    scopes: frozenset[str]
    departments: frozenset[str] | None = None
    may_write: bool = True


class Keys:
    """The keys of an installation: one for everything, one for department 2, one for projects only."""

    def __init__(self, seed: int) -> None:
        source = random.Random(f"recman keys {seed}")
        every = frozenset(SCOPES)
        wanted = (
            Key("key", every),
            Key("department_key", every, frozenset({"2"})),
            Key("project_key", frozenset({"project"}), may_write=False),
        )
        self._seeded = {f"{source.getrandbits(160):040x}": key for key in wanted}
        self._keys = dict(self._seeded)

    def credentials(self) -> dict[str, str]:
        """The keys by what they are for."""
        return {key.name: text for text, key in self._seeded.items()}

    def find(self, text: object) -> Key:
        """The key in force with this text. Raises ApiError."""
        found = self._keys.get(text) if isinstance(text, str) else None
        if found is None:
            raise ApiError(401, "Invalid API key")
        return found

    def allow(self, key: Key, scope: object, *, write: bool = False) -> str:
        """The scope, when it exists and the key has it. Raises ApiError."""
        if not isinstance(scope, str) or scope not in SCOPES:
            raise ApiError(400, f"Unknown scope '{scope}'")
        if scope not in key.scopes:
            raise forbidden(f"The key has no access to scope '{scope}'")
        if write and not key.may_write:
            raise forbidden("The key may only read")
        return scope

    def expire(self, text: str) -> None:
        """An administrator takes a key back."""
        self._keys.pop(text, None)

    def revoke_all(self) -> int:
        """An administrator takes every key back; a reset gives them again."""
        count = len(self._keys)
        self._keys.clear()
        return count
