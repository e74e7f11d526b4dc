"""What every simulated vendor offers to the HTTP front and to the control port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kobling_simulators.clock import Clock
from kobling_simulators.wire import Call, Reply


class PersonRefused(Exception):
    """The vendor's own user interface would not let a person do this; the message says why."""


class Vendor(Protocol):
    """One simulated system: answers calls at once and without waiting, so that every call is atomic."""

    name: str
    clock: Clock

    def credentials(self) -> dict[str, str]:
        """What a client needs to sign in."""

    def operation_of(self, call: Call) -> str:
        """The label of a call in counters and faults, such as "query Accounts" or "POST contacts"."""

    def over_limit(self, call: Call) -> Reply | None:
        """The refusal when the vendor's rate limit is used up, else None."""

    def answer(self, call: Call) -> Reply:
        """Apply the call to the state and answer it."""

    def rate_limited(self, retry_after: int | None) -> Reply:
        """The vendor's own way of saying too many requests."""

    def expire(self, call: Call) -> None:
        """Let the session or token of this call be over, as if its life had ended."""

    def revoke_all(self) -> int:
        """End every session or token; returns how many."""

    def reset(self, seed: int, records: int) -> None:
        """Back to freshly seeded books; faults, counters and clock are not the vendor's and stay."""

    def config(self) -> dict[str, object]:
        """The knobs and how they stand."""

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs. Raises ValueError for one that does not exist."""

    def limits(self) -> dict[str, object]:
        """The rate limit and how it stands."""

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Switch the rate limit on or off, or change its numbers. Raises ValueError."""

    def entities(self) -> list[str]:
        """The kinds of record that can be dumped."""

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All records of a kind in stable order, deleted ones marked. Raises KeyError."""

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person saves a new record in the vendor's own screens. Raises KeyError, PersonRefused."""

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes a record. Raises KeyError, PersonRefused."""

    def delete_as_person(self, entity: str, key: str) -> None:
        """A person deletes a record. Raises KeyError, PersonRefused."""
