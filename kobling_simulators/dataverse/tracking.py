"""Paging cookies and delta tokens: opaque to clients, bound to the query they were given for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from kobling_simulators.dataverse.errors import DELTA_EXPIRED, ApiError, bad_request
from kobling_simulators.wire import from_json, to_json

_COOKIE = re.compile(r'^<cookie pagenumber="\d+" pagingcookie="([\w=-]+)" istracking="(?:True|False)" />$')
_DELTA = re.compile(r"^(\d{1,18})!(\d{1,12})!([0-9a-f]{12})$")
DAY = 86_400


def mark_of(set_name: str, query: Mapping[str, str]) -> str:
    """A mark of the query that a cookie belongs to."""
    kept = sorted((name, text) for name, text in query.items() if name not in ("$skiptoken", "$deltatoken"))
    return hashlib.sha256(to_json([set_name, kept])).hexdigest()[:12]


def cookie_text(told: Mapping[str, Any], *, tracking: bool) -> str:
    """The $skiptoken that carries what has to be known on the next page.

    Fidelity: known dataverse §4 – nextLink carries an opaque $skiptoken cookie, to be followed verbatim
    """
    data = base64.urlsafe_b64encode(to_json(told)).decode()
    return f'<cookie pagenumber="{told["page"]}" pagingcookie="{data}" istracking="{tracking}" />'


def read_cookie(text: str, mark: str) -> dict[str, Any]:
    """What a cookie carries. Raises ApiError when it is none, or of another query."""
    match = _COOKIE.match(text)
    try:
        if match is None:
            raise ValueError("not a cookie")
        told: dict[str, Any] = from_json(base64.urlsafe_b64decode(match[1]))
        if told["mark"] != mark:
            raise ValueError("of another query")
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise bad_request("Malformed XML in the Paging Cookie") from None
    return told


def delta_text(version: int, now: float, mark: str) -> str:
    """The $deltatoken of a moment."""
    return f"{version}!{int(now)}!{mark}"


def read_delta(text: str, set_name: str, now: float, life_days: float) -> tuple[int, str]:
    """The version from which changes are wanted, and the mark of the query. Raises ApiError.

    Fidelity: known dataverse §5 – a token older than ExpireChangeTrackingInDays is refused: read all again
    """
    match = _DELTA.match(text)
    if match is None:
        raise bad_request(f"The delta token of '{set_name}' is malformed.")
    if now - int(match[2]) > life_days * DAY:
        message = "Version stamp associated with the client has expired. Please perform a full sync."
        raise ApiError(400, DELTA_EXPIRED, message)
    return int(match[1]), match[3]
