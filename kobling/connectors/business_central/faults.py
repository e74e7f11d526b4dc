"""What Business Central's error answers mean.

Fidelity: known business_central §7 – codes, their HTTP statuses, the sentence that ends in a correlation id
"""

from __future__ import annotations

import re

from kobling.records import (
    N_,
    AlreadyThere,
    Misunderstood,
    NotOffered,
    NotThere,
    RateLimited,
    SettingsError,
    SignInExpired,
    StaleVersion,
)
from kobling.sdk.odata import service
from kobling.sdk.status import BROKEN, REFUSED, STATUSES, ErrorTable, Rule, Words

MISSING_PROPERTY, MISSING_SET = "missing_property", "missing_entity_set"

_CORRELATION = re.compile(r"\s*CorrelationId:\s*[0-9a-f-]+\.?\s*$", re.IGNORECASE)
_PROPERTY = re.compile(r"could not find a property named '([^']+)'", re.IGNORECASE)
_SEGMENT = re.compile(r"resource not found for the segment '([^']+)'", re.IGNORECASE)
_CHANGED = Rule(StaleVersion, N_("The record was changed in %(vendor)s since it was read."))
_GONE = Rule(NotThere, N_("%(vendor)s has no such record."))

_CODES = {
    MISSING_PROPERTY: Rule(
        NotOffered,
        N_("This Business Central is customised: it has no field “%(field)s”. Leave the field out of the mapping."),
    ),
    MISSING_SET: Rule(
        NotOffered,
        N_(
            "This Business Central does not offer “%(field)s”. Ask your partner to publish it, or switch the table off."
        ),
    ),
    "Request_EntityChanged": _CHANGED,
    "Internal_RecordNotFound": _GONE,
    "Internal_DataNotFoundFilter": _GONE,
    "BadRequest_ResourceNotFound": _GONE,
    "Internal_EntityWithSameKeyExists": Rule(AlreadyThere, N_("%(vendor)s says that it clashes: %(text)s")),
    "Internal_CompanyNotFound": Rule(SettingsError, N_("%(vendor)s has no such company any more.")),
    "Authentication_InvalidCredentials": Rule(SignInExpired, N_("%(vendor)s no longer accepts the sign-in.")),
    "Authorization_": Rule(
        NotOffered, N_("The user or app may not do this in %(vendor)s; it lacks a permission set: %(text)s")
    ),
    "BadRequest_MethodNotAllowed": Rule(Misunderstood, N_("%(vendor)s does not know this request.")),
    "BadRequest_MethodNotImplemented": Rule(Misunderstood, N_("%(vendor)s does not know this request.")),
}


def _words(status: int, body: bytes) -> Words:
    told = service.words(status, body)
    text = _CORRELATION.sub("", told.text)
    for pattern, code in ((_PROPERTY, MISSING_PROPERTY), (_SEGMENT, MISSING_SET)):
        if found := pattern.search(text):
            return Words(code, text, found.group(1))
    kind = "Authorization_" if (told.code or "").startswith("Authorization_") else told.code
    return Words(kind, text, told.field)


ERRORS = ErrorTable(
    {
        **STATUSES,
        408: BROKEN,
        409: REFUSED,
        412: _CHANGED,
        429: Rule(RateLimited, N_("%(vendor)s asks us to wait: its limit of requests is reached.")),
    },
    _CODES,
    _words,
)
