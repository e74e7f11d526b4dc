"""What Simply CRM's error codes mean, operation by operation.

Fidelity: known simply_crm §1 – an unknown operation, and a crash, answer HTTP 500 without a word
"""

from __future__ import annotations

from typing import Any

from kobling.records import (
    N_,
    AlreadyThere,
    Misunderstood,
    NotThere,
    Refused,
    SettingsError,
    SignInExpired,
    Unreachable,
)
from kobling.sdk.status import BROKEN, REFUSED, Rule, Words

SESSION_OVER = frozenset({"INVALID_SESSIONID", "SESSION_EXPIRED", "SESSION_LEFT_IDLE", "AUTHENTICATION_REQUIRED"})
LOGIN_RACE = frozenset({"INVALID_USER_CREDENTIALS", "INVALID_AUTH_TOKEN"})
WRITING = frozenset({"create", "update", "revise", "delete"})
CRASHED = "crashed"
"""Our name for HTTP 500 without a word."""

_NOT_THERE = Rule(NotThere, N_("%(vendor)s has no such record, or does not show it to our user."))
_WRONG_KEY = Rule(SignInExpired, N_("%(vendor)s does not accept the user name and access key."))
_NO_ACCESS = Rule(SettingsError, N_("%(vendor)s does not let our user see this: %(text)s"))
_OUR_QUERY = Rule(Misunderstood, N_("%(vendor)s did not understand our question: %(text)s"))

_CODES: dict[str, Rule] = {
    "MANDATORY_FIELDS_MISSING": Rule(Refused, N_("%(vendor)s needs a value for a field: %(text)s")),
    "REFERENCE_INVALID": Rule(Refused, N_("%(vendor)s does not know the record referred to: %(text)s")),
    "INVALID_ID_ATTRIBUTE": _NOT_THERE,
    "RECORD_NOT_FOUND": _NOT_THERE,
    "0": Rule(AlreadyThere, N_("%(vendor)s already has a record with this name or number: %(text)s")),
    "QUERY_SYNTAX_ERROR": _OUR_QUERY,
    "UNKNOWN_OPERATION": _OUR_QUERY,
    "UNKOWN_ENTITY": _NO_ACCESS,
    "INTERNAL_SERVER_ERROR": BROKEN,
    "DATABASE_QUERY_ERROR": Rule(Unreachable, N_("%(vendor)s had trouble with its database.")),
    "INVALID_USER_CREDENTIALS": _WRONG_KEY,
    "INVALID_AUTH_TOKEN": _WRONG_KEY,
    "AUTHENTICATION_FAILURE": _WRONG_KEY,
    "ACCESSKEY_UNDEFINED": _WRONG_KEY,
    **dict.fromkeys(SESSION_OVER, Rule(SignInExpired, N_("%(vendor)s ended our session again and again."))),
}
_DENIED = {
    "getchallenge": _WRONG_KEY,
    "login": _WRONG_KEY,
    "create": REFUSED,
    **dict.fromkeys(("retrieve", "update", "revise", "delete"), _NOT_THERE),
}


def rule(operation: str, code: str) -> Rule:
    """What a code means.

    Fidelity: known simply_crm §5 – ACCESS_DENIED also stands for missing, deleted and bad ids
    """
    if code == "ACCESS_DENIED":
        return _DENIED.get(operation, _NO_ACCESS)
    return _CODES.get(code, REFUSED if operation in WRITING else _OUR_QUERY)


def words_of(error: Any) -> Words:
    """Read the error part of an answer.

    Fidelity: known simply_crm §1 – the server says code and message, its manuals errorCode or errorType
    """
    if not isinstance(error, dict):
        return Words(None, "")
    code = next((error[name] for name in ("code", "errorCode", "errorType") if name in error), None)
    text = next((str(error[name]) for name in ("message", "errorMessage", "errorMsg") if name in error), "")
    said = text.split()
    field = None
    if code == "MANDATORY_FIELDS_MISSING" and said:
        field = said[0]
    elif code == "REFERENCE_INVALID" and said:
        field = said[-1]
    return Words(None if code is None else str(code), text, field)


def http_words(status: int, body: bytes) -> Words:
    """What an answer that is no 200 says: nothing, when PHP crashed."""
    return Words(CRASHED if status == 500 and not body.strip() else None)
