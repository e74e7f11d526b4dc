"""Dinero's refusals."""

from __future__ import annotations

from collections.abc import Mapping

from kobling_simulators.wire import Reply, json_reply

NOT_FOUND = 40
NO_PERMISSION = 41
VALIDATION = 42
LIMIT_EXCEEDED = 43
INVALID_FORMAT = 44
INVALID_REQUEST = 45
INVALID_FILTER = 46
NO_ACCOUNTING_YEAR = 47
NO_RECEIVER_EMAIL = 55
NO_EAN = 56
STALE_TIMESTAMP = 58
NOT_BOOKED = 59
NO_PRO = 90


class ApiError(Exception):
    """A refusal: HTTP status, Dinero's error code, a message, and texts by field for code 42.

    Fidelity: inferred dinero §5 – body {"code", "message", "validationErrors": {field: text}} as one client parses it
    Fidelity: assumed dinero §5 – an unknown guid is HTTP 404 with code 40
    """

    def __init__(self, status: int, code: int, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = dict(fields or {})

    def reply(self) -> Reply:
        """The refusal as an answer."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.fields:
            body["validationErrors"] = self.fields
        return json_reply(body, self.status)


def invalid(**fields: str) -> ApiError:
    """HTTP 400 with code 42 and a text for each field."""
    return ApiError(400, VALIDATION, "Validation failed", fields)


def not_found(what: str) -> ApiError:
    """HTTP 404 with code 40."""
    return ApiError(404, NOT_FOUND, f"{what} was not found")


def bad_request(message: str, code: int = INVALID_REQUEST) -> ApiError:
    """HTTP 400 with a code."""
    return ApiError(400, code, message)
