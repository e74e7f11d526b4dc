"""Faults that a test or bench asks for, and which request they hit."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Literal

import msgspec

Kind = Literal[
    "status",
    "rate_limited",
    "slow",
    "drop_before",
    "applied_then_dropped",
    "malformed_json",
    "html_error",
    "stale_page",
    "endless_body",
    "brownout",
    "hold_before",
    "hold_after",
    "session_expired",
    "token_revoked",
]


class Match(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Which requests; everything given must fit. `operation` fits the whole label or its first words."""

    method: str = ""
    operation: str = ""
    path_regex: str = ""

    def fits(self, method: str, operation: str, path: str) -> bool:
        """Whether a request is meant."""
        if self.method and self.method.upper() != method:
            return False
        if self.operation and operation != self.operation and not operation.startswith(self.operation + " "):
            return False
        return not self.path_regex or re.search(self.path_regex, path) is not None


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One wish: a kind, the requests it hits, and how often (`times` null = always, after letting `skip` pass)."""

    kind: Kind
    match: Match = msgspec.field(default_factory=Match)
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    status: int = 503
    retry_after: int | None = None
    seconds: float = 1.0
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    id: int = 0
    hits: int = 0


class FaultBook:
    """All faults in force; the first that fits a request and is due is used up by one."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._faults: list[Fault] = []
        self._next_id = 1
        self._released = asyncio.Event()
        self.held = 0

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; gives it its id. Raises ValueError for a path_regex that is none."""
        try:
            re.compile(fault.match.path_regex)
        except re.error as error:
            raise ValueError(f"path_regex: {error}") from error
        fault.id = self._next_id
        self._next_id += 1
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all faults out of force; requests held go on waiting until released."""
        self._faults.clear()

    def all(self) -> list[Fault]:
        """The faults in force, oldest first."""
        return list(self._faults)

    def pick(self, method: str, operation: str, path: str) -> Fault | None:
        """The fault that hits this request, or none."""
        for fault in self._faults:
            if not fault.match.fits(method, operation, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    def release(self) -> int:
        """Let every held request go on; returns how many there were."""
        held = self.held
        self._released.set()
        self._released = asyncio.Event()
        return held

    def release_event(self) -> asyncio.Event:
        """The event that the next release sets."""
        return self._released
