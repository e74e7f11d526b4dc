"""The vendor's named errors; every one is answered with HTTP 200."""

from __future__ import annotations


class ServiceError(Exception):
    """A handled error: {"success": false, "error": {"message", "code"}}.

    Fidelity: known simply_crm §1 – handled errors are HTTP 200, `code` is a string except the integer 0 of duplicates
    """

    def __init__(self, code: str | int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Crash(Exception):
    """The PHP process dies: HTTP 500 with an empty body.

    Fidelity: known simply_crm §1 – unknown operations and the stock sync end in an empty HTTP 500
    """


def denied(message: str = "Permission to perform the operation is denied") -> ServiceError:
    """ACCESS_DENIED, which also stands for missing, deleted and malformed ids and for unknown modules."""
    return ServiceError("ACCESS_DENIED", message)


def internal() -> ServiceError:
    """INTERNAL_SERVER_ERROR, still HTTP 200."""
    return ServiceError("INTERNAL_SERVER_ERROR", "Unknown Error while processing request")


def missing(field: str) -> ServiceError:
    """MANDATORY_FIELDS_MISSING for one field."""
    return ServiceError("MANDATORY_FIELDS_MISSING", f"{field} does not have a value")
