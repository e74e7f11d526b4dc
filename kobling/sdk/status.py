"""What an answer's HTTP status and the vendor's own code mean: tables, which each connector extends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from kobling.records import (
    N_,
    AlreadyThere,
    Busy,
    KoblingError,
    Misunderstood,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    StaleVersion,
    Temporary,
    Unreachable,
    from_json,
)
from kobling.sdk.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Rule:
    """What one status or vendor code becomes. The sentence may use %(vendor)s, %(text)s and %(field)s."""

    kind: type[KoblingError]
    summary: str


@dataclass(frozen=True, slots=True)
class Words:
    """What the vendor said in an error answer: its code, its sentence, and the field it complains about."""

    code: str | None = None
    text: str = ""
    field: str | None = None


REFUSED = Rule(Refused, N_("%(vendor)s refused: %(text)s"))
BROKEN = Rule(Unreachable, N_("%(vendor)s had a fault of its own."))

STATUSES: Mapping[int, Rule] = {
    400: REFUSED,
    401: Rule(SignInExpired, N_("%(vendor)s no longer accepts the sign-in.")),
    403: Rule(SettingsError, N_("%(vendor)s does not allow this: %(text)s")),
    404: Rule(NotThere, N_("%(vendor)s has no such record.")),
    405: Rule(Misunderstood, N_("%(vendor)s does not know this request.")),
    408: BROKEN,
    409: Rule(AlreadyThere, N_("%(vendor)s says that it clashes with another record: %(text)s")),
    410: Rule(NotThere, N_("%(vendor)s says that the record is gone.")),
    412: Rule(StaleVersion, N_("The record was changed in %(vendor)s since it was read.")),
    413: Rule(Refused, N_("%(vendor)s says that this is too large.")),
    422: REFUSED,
    423: Rule(Busy, N_("The record is locked in %(vendor)s just now.")),
    429: Rule(RateLimited, N_("%(vendor)s asks us to wait: its limit of requests is reached.")),
    500: BROKEN,
    501: Rule(Misunderstood, N_("%(vendor)s does not know this request.")),
}
"""Where nothing else is said: any other 4xx is refused, any other 5xx is the vendor's fault, the rest misunderstood."""


def _no_words(_status: int, _body: bytes) -> Words:
    return Words()


def json_words(*, text: str, code: str = "", field: str = "") -> Callable[[int, bytes], Words]:
    """Reads error bodies that are one JSON object, by the names of its members; anything else says nothing."""

    def words(_status: int, body: bytes) -> Words:
        try:
            said = from_json(body)
        except ValueError:
            return Words()
        if not isinstance(said, dict):
            return Words()
        found = {name: said.get(name) for name in (text, code, field)}
        told = {name: str(value) for name, value in found.items() if name and isinstance(value, str | int)}
        return Words(told.get(code), told.get(text, ""), told.get(field))

    return words


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """A connector's reading of error answers.

    ``codes`` go before ``statuses``; ``words`` finds the vendor's code and sentence in the body and must never raise.
    """

    statuses: Mapping[int, Rule] = field(default_factory=lambda: STATUSES)
    codes: Mapping[str, Rule] = field(default_factory=dict)
    words: Callable[[int, bytes], Words] = _no_words

    def rule(self, status: int, code: str | None) -> Rule:
        """The rule for an answer."""
        if code is not None and code in self.codes:
            return self.codes[code]
        if status in self.statuses:
            return self.statuses[status]
        if 400 <= status < 500:
            return REFUSED
        return BROKEN if status >= 500 else Rule(Misunderstood, N_("%(vendor)s answered in a way we do not know."))


def build_error(
    rule: Rule,
    words: Words,
    *,
    vendor: str,
    detail: str,
    redact: Redactor,
    retry_at: datetime | None = None,
) -> KoblingError:
    """Make the error that a rule names, everything in it redacted."""
    text = redact(words.text)
    more: dict[str, object] = {}
    if issubclass(rule.kind, Temporary):
        more["retry_at"] = retry_at
    return rule.kind(
        rule.summary,
        detail=redact(detail),
        code=words.code,
        vendor_text=text,
        field=words.field,
        vendor=vendor,
        text=text or words.code or "",
        **more,
    )


_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")
LONGEST_WAIT = 7 * 86_400.0
"""Seconds; nobody means a longer pause than a week."""


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date. None when absent or unreadable, never negative or endless."""
    value = (value or "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT)
    moment = http_date(value)
    return None if moment is None else min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT)


def http_date(value: str | None) -> datetime | None:
    """Read an HTTP date header as UTC; None when absent or unreadable."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def later(now: datetime, seconds: float | None) -> datetime | None:
    """The instant so many seconds from now, or None."""
    return None if seconds is None else now + timedelta(seconds=seconds)
