"""What Dataverse's error answers mean.

Fidelity: known dataverse §7 – codes, some hexadecimal, some as signed numbers; §8 – the three limits
"""

from __future__ import annotations

import re

from kobling.records import (
    N_,
    AlreadyThere,
    NotOffered,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    StaleVersion,
    Unreachable,
)
from kobling.sdk.odata import service
from kobling.sdk.status import STATUSES, ErrorTable, Rule, Words

_STALE = Rule(StaleVersion, N_("The record was changed in %(vendor)s since it was read."))
_GONE = Rule(NotThere, N_("%(vendor)s has no such record."))
_DUPLICATE = Rule(AlreadyThere, N_("%(vendor)s says that it clashes with another record: %(text)s"))
_LACKS = Rule(NotOffered, N_("The user lacks a privilege in %(vendor)s: %(text)s Give it the security role."))
_WAIT = Rule(RateLimited, N_("%(vendor)s asks us to wait: its limit of requests is reached."))
_BUSY = Rule(Unreachable, N_("%(vendor)s was too busy to carry it out."))
_NO_ROLE = Rule(
    SettingsError,
    N_("The user has no security role in %(vendor)s. Give it one, or let the set-up's step “prepare” do it."),
)
_CODES = {
    0x80060882: _STALE,
    0x80040217: _GONE,
    0x8006088A: Rule(NotOffered, N_("%(vendor)s has no such table: %(text)s")),
    0x80040237: _DUPLICATE,
    0x80040333: _DUPLICATE,
    0x80040220: _LACKS,
    0x80042F09: _NO_ROLE,
    0x80072322: _WAIT,
    0x80072321: _WAIT,
    0x80072326: _WAIT,
    -2147187962 & 0xFFFFFFFF: _LACKS,
    -2147220839 & 0xFFFFFFFF: _LACKS,
    -2147204783 & 0xFFFFFFFF: _BUSY,
    -2147204784 & 0xFFFFFFFF: _BUSY,
}

_PROPERTY = re.compile(r"could not find a property named '([^']+)'", re.IGNORECASE)


def _words(status: int, body: bytes) -> Words:
    told = service.words(status, body)
    if found := _PROPERTY.search(told.text):
        return Words("missing_property", told.text, found.group(1))
    return Words(_spelled(told.code), told.text, told.field)


def _spelled(code: str | None) -> str | None:
    """Codes once as eight hexadecimal digits, however they were sent."""
    try:
        number = int(code or "", 0)
    except ValueError:
        return code
    return f"0x{number & 0xFFFFFFFF:08x}"


ERRORS = ErrorTable(
    {
        **STATUSES,
        405: Rule(Refused, N_("%(vendor)s refused: %(text)s")),
        412: _STALE,
        429: _WAIT,
    },
    {
        **{f"0x{code:08x}": rule for code, rule in _CODES.items()},
        "missing_property": Rule(NotOffered, N_("%(vendor)s has no column “%(field)s” there. Leave it out.")),
    },
    _words,
)
