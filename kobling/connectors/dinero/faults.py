"""What Dinero's error codes mean.

Fidelity: known dinero §5 – the codes; 61 to 89 were not seen and are refused like any other 400
"""

from __future__ import annotations

from typing import Any

import msgspec

from kobling.records import (
    N_,
    Misunderstood,
    NotThere,
    Refused,
    SettingsError,
    StaleVersion,
    Temporary,
    Unreachable,
)
from kobling.sdk.status import STATUSES, ErrorTable, Rule, Words

_NO_PLAN = Rule(SettingsError, N_("The company's Dinero plan does not include the API: it needs Dinero Pro or Total."))
_REFUSED = Rule(Refused, N_("%(vendor)s refused the record: %(text)s"))

_CODES: dict[str, Rule] = {
    "40": Rule(NotThere, N_("%(vendor)s has no such record.")),
    "41": Rule(SettingsError, N_("%(vendor)s does not give our sign-in the right to do this: %(text)s")),
    "42": Rule(Refused, N_("%(vendor)s refused a value: %(text)s")),
    "43": Rule(Refused, N_("%(vendor)s says that a limit is exceeded: %(text)s")),
    "44": _REFUSED,
    "45": _REFUSED,
    "46": Rule(Misunderstood, N_("%(vendor)s did not understand our question: %(text)s")),
    "47": Rule(Refused, N_("There is no accounting year in %(vendor)s for this date. Create it there, then retry.")),
    "48": _NO_PLAN,
    "49": Rule(Refused, N_("%(vendor)s could not deliver the e-mail: %(text)s")),
    "50": Rule(Unreachable, N_("%(vendor)s had a fault of its own.")),
    "51": Rule(Refused, N_("%(vendor)s has a problem with the EAN number: %(text)s")),
    "54": Rule(Refused, N_("The company has no bank details in %(vendor)s.")),
    "55": Rule(Refused, N_("The contact has no e-mail address in %(vendor)s.")),
    "56": Rule(Refused, N_("The contact has no EAN number in %(vendor)s.")),
    "57": Rule(Refused, N_("The contact's EAN number is not valid.")),
    "58": Rule(StaleVersion, N_("The record was changed in %(vendor)s since it was read.")),
    "59": Rule(Refused, N_("The voucher is not booked in %(vendor)s.")),
    "60": Rule(Refused, N_("The company has no VAT number in %(vendor)s.")),
    "90": _NO_PLAN,
}
_BROWNOUT = Rule(
    Temporary, N_("%(vendor)s is about to retire this part of its interface; it did not answer this time.")
)


def words_of(_status: int, body: bytes) -> Words:
    """Read an error body, leniently: every part is optional, and a limit is told in plain text.

    Fidelity: inferred dinero §5 – the shape is what one client parses; the page calls the number errorcode
    """
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = body[:300].decode("utf-8", "replace").strip()
        return Words(None, "" if said.startswith("<") else said)
    if not isinstance(told, dict):
        return Words(None, str(told)[:300])
    parts = {name.lower(): value for name, value in told.items()}
    code = next((parts[name] for name in ("code", "errorcode") if parts.get(name) is not None), None)
    wrong = parts.get("validationerrors")
    field, why = _first(wrong) if isinstance(wrong, dict) else (None, "")
    text = str(parts.get("message") or parts.get("error") or "")
    said = f"{field}: {why}" if field and why and why not in text else ""
    return Words(None if code is None else str(code), " – ".join(each for each in (text, said) if each), field)


def _first(wrong: dict[str, Any]) -> tuple[str | None, str]:
    for field, why in wrong.items():
        return field, why if isinstance(why, str) else ", ".join(map(str, why)) if isinstance(why, list) else str(why)
    return None, ""


ERRORS = ErrorTable({**STATUSES, 480: _BROWNOUT}, _CODES, words_of)
