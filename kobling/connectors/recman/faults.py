"""What RecMan's error answers mean: most come with HTTP 200, so the body decides.

Fidelity: known recman §1 – always test `success`; assumed recman §2 – {success: false, error: {code, message}}
"""

from __future__ import annotations

import msgspec

from kobling.records import N_, KoblingError, Misunderstood, NotOffered, RateLimited, Refused, SettingsError
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import STATUSES, ErrorTable, Words

TITLE = "RecMan"
_KEY_WORDS = ("key", "access", "permission", "unauthor", "forbidden")
_FIELD_WORDS = ("scope", "field")


def words_of(_status: int, body: bytes) -> Words:
    """What an error body says, in either of its shapes; nothing for anything else."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Words()
    error = told.get("error") if isinstance(told, dict) else None
    if isinstance(error, dict):
        code = error.get("code")
        return Words(None if code is None else str(code), str(error.get("message") or code or ""))
    return Words(None, str(error or ""))


ERRORS = ErrorTable(STATUSES, {}, words_of)


def failure(told: object, redact: Redactor, what: str) -> KoblingError:
    """The error of an answer that says it failed. RecMan's codes are not published, so its words decide.

    Fidelity: assumed recman §2 – a key that is refused says so; an unknown scope or field is named
    """
    error = told.get("error") if isinstance(told, dict) else None
    text = str(error.get("message") if isinstance(error, dict) else error or "")
    code = str(error.get("code")) if isinstance(error, dict) and error.get("code") is not None else None
    said, small = redact(text, 300), f"{text} {code}".casefold()
    kind: type[KoblingError] = Refused
    summary = N_("RecMan refused: %(text)s")
    if "limit" in small or "too many" in small:
        kind, summary = RateLimited, N_("RecMan asks us to wait: its limit of requests is reached.")
    elif any(word in small for word in _FIELD_WORDS):
        kind, summary = NotOffered, N_("RecMan does not offer this there: %(text)s")
    elif any(word in small for word in _KEY_WORDS):
        kind, summary = SettingsError, N_("RecMan does not accept the key: %(text)s")
    elif not text:
        kind, summary = Misunderstood, N_("RecMan said that it failed, and not why.")
    return kind(summary, code=code, vendor_text=said, detail=what, text=said)
