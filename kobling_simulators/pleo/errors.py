"""Pleo's refusals."""

from __future__ import annotations

from kobling_simulators.wire import Reply, json_reply

INVALID, PARAMETER, NO_JSON = "VALIDATION_FAILED", "PARAMETER_VALIDATION_FAILED", "JSON_MAPPING_EXCEPTION"


class ApiError(Exception):
    """A refusal: HTTP status, type, message.

    Fidelity: known pleo §2 – errors are {type: UPPER_SNAKE, message?}; 403 lacks permission
    Fidelity: assumed pleo §2 – unknown ids are 404 with NOT_FOUND, clashes 409 with CONFLICT
    """

    def __init__(self, status: int, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.status = status
        self.kind = kind
        self.message = message

    def reply(self) -> Reply:
        """The refusal as an answer."""
        body = {"type": self.kind}
        if self.message:
            body["message"] = self.message
        return json_reply(body, self.status)


def invalid(message: str) -> ApiError:
    """400 for a body."""
    return ApiError(400, INVALID, message)


def bad_parameter(message: str) -> ApiError:
    """400 for a query parameter."""
    return ApiError(400, PARAMETER, message)


def not_found(what: str) -> ApiError:
    """404."""
    return ApiError(404, "NOT_FOUND", f"{what} was not found.")


def conflict(message: str) -> ApiError:
    """409."""
    return ApiError(409, "CONFLICT", message)
