"""What Pleo's error answers mean.

Fidelity: known pleo §2 – {type: UPPER_SNAKE, message?}; 503 is to be tried again
"""

from __future__ import annotations

import msgspec

from kobling.records import N_, AlreadyThere, NotThere, Refused, SettingsError, Temporary
from kobling.sdk.status import STATUSES, ErrorTable, Rule, Words

_ENDED = Rule(Refused, N_("The export job in %(vendor)s has ended or was taken back."))
_BUSY = Rule(Temporary, N_("An export is going on in %(vendor)s already."))


def words_of(_status: int, body: bytes) -> Words:
    """The type and the message; a body that is something else says nothing."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Words()
    if not isinstance(told, dict):
        return Words()
    code = told.get("type") or told.get("error")
    return Words(str(code) if code else None, str(told.get("message") or code or ""))


ERRORS = ErrorTable(
    STATUSES,
    {
        "EXPORT_ALREADY_IN_PROGRESS": _BUSY,
        "MISSING_CONTRA_ACCOUNTS": Rule(
            SettingsError, N_("%(vendor)s has no contra accounts. Choose them there under Settings, Accounting.")
        ),
        "EXPORT_NOT_FOUND": Rule(NotThere, N_("%(vendor)s has no such export job.")),
        "EXPORT_ENTRY_NOT_FOUND": Rule(NotThere, N_("%(vendor)s has no such expense.")),
        "EXPORT_JOB_STATUS_UNPROCESSABLE": _ENDED,
        "INVALID_EXPORT_JOB_STATUS_CHANGE": _ENDED,
        "CONFLICT": Rule(AlreadyThere, N_("%(vendor)s says that it clashes with another record: %(text)s")),
    },
    words_of,
)
