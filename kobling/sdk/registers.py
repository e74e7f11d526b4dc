"""Public registers that know whether a VAT number exists. A register that does not answer says nothing of a number.

Fidelity: assumed – VIES over REST: ``GET /ms/{country}/vat/{number}`` answers ``isValid`` and ``userError``
Fidelity: known PAINS.md (Denmark, Norway, Sweden) – SERVICE_UNAVAILABLE, MS_UNAVAILABLE, TIMEOUT and
    MS_MAX_CONCURRENT_REQ are outages, never "invalid"
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from kobling.records import KoblingError, from_json
from kobling.sdk.http import Transport

VIES = "https://ec.europa.eu/taxation_customs/vies/rest-api"
_SAID_NO = frozenset({"INVALID"})


class Registered(StrEnum):
    """What a register says: it has the number, it has not, or nobody knows since it was not asked or did not answer."""

    YES = "registered"
    NO = "not_registered"
    UNKNOWN = "not_known"


class Register(Protocol):
    """A register that can be asked."""

    async def ask(self, country: str, number: str) -> Registered:
        """Whether the register has the number; an outage is UNKNOWN."""
        ...


class Vies:
    """The register of the European Union's VAT numbers."""

    def __init__(self, transport: Transport, base_url: str = VIES) -> None:
        self._transport = transport
        self._base_url = base_url

    async def ask(self, country: str, number: str) -> Registered:
        """Whether the VAT number (without its country's letters) is registered now; asks once."""
        if not (country.isalpha() and country.isascii() and number.isalnum() and number.isascii()):
            return Registered.UNKNOWN
        url = f"{self._base_url}/ms/{country.upper()}/vat/{number}"
        try:
            answer = await self._transport.send("GET", url, None, {}, vendor="VIES")
            told = from_json(answer.body) if answer.status == 200 else None
        except (KoblingError, ValueError):
            return Registered.UNKNOWN
        return _meaning(told)


def _meaning(told: object) -> Registered:
    if not isinstance(told, dict):
        return Registered.UNKNOWN
    if told.get("isValid") is True:
        return Registered.YES
    said_no = told.get("isValid") is False and told.get("userError") in _SAID_NO
    return Registered.NO if said_no else Registered.UNKNOWN
