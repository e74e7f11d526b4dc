"""How Dataverse says no."""

from __future__ import annotations

from collections.abc import Mapping

from kobling_simulators.wire import Reply, to_json

CONTENT = "application/json; odata.metadata=minimal"
NO_SEGMENT = "0x8006088a"
NO_ROW = "0x80040217"
NO_PRIVILEGE = "0x80040220"
NO_USER = "0x80072560"
DISABLED_USER = "0x80040225"
DUPLICATE_KEY = "0x80040237"
DUPLICATE_FOUND = "0x80040333"
BAD_ARGUMENT = "0x80040203"
BUSINESS_RULE = "0x80040265"
STALE = "0x80060882"
BAD_REQUEST = "0x80060888"
OUT_OF_RANGE = "0x80044331"
TOO_LONG = "0x80044331"
BAD_OPTION = "0x8004431a"
BAD_STATUS = "0x80048408"
IN_USE = "0x80048d19"
DELTA_EXPIRED = "0x80044352"
UNNAMED = "0x0"


class ApiError(Exception):
    """A refusal: HTTP status, code and message.

    Fidelity: known dataverse §7 – {"error": {"code", "message"}}; code may be 0x0
    Fidelity: known dataverse §7 – 404 0x8006088a segment, 0x80040217 row; 412 0x80060882 stale, 0x80040237 duplicate
    Fidelity: assumed dataverse §7 – codes of validation, status, expired delta tokens and duplicates found, from memory
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def reply(self, *, annotated: bool = False) -> Reply:
        """The refusal as an answer; annotations only on request."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if annotated:
            error["@Microsoft.PowerApps.CDS.ErrorDetails.HttpStatusCode"] = str(self.status)
            error["@Microsoft.PowerApps.CDS.InnerError.Message"] = self.message
            error["@Microsoft.PowerApps.CDS.TraceText"] = ""
            error["@Microsoft.PowerApps.CDS.HelpLink"] = (
                f"http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a{self.code}"
            )
        return Reply(self.status, to_json({"error": error}), CONTENT, {"OData-Version": "4.0", **self.headers})


def bad_request(message: str, code: str = BAD_REQUEST) -> ApiError:
    """HTTP 400 with a code."""
    return ApiError(400, code, message)


def no_segment(name: str) -> ApiError:
    """The address names no entity set, property or operation."""
    return ApiError(404, NO_SEGMENT, f"Resource not found for the segment '{name}'.")


def no_property(name: str, logical: str) -> ApiError:
    """A query or body names a column that the table does not have."""
    return bad_request(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{logical}'.", UNNAMED)


def no_row(logical: str, key: str) -> ApiError:
    """There is no such row."""
    return ApiError(404, NO_ROW, f"Entity '{logical}' With Id = {key} Does Not Exist")


def stale() -> ApiError:
    """The row has changed since the client read it."""
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return ApiError(412, STALE, message)


def duplicate(message: str = "Cannot insert duplicate key.") -> ApiError:
    """A row with the same key exists."""
    return ApiError(412, DUPLICATE_KEY, message)


def rule(message: str) -> ApiError:
    """A business rule says no.

    Fidelity: known dataverse §7 – a plug-in's rejection is HTTP 400 with 0x80040265
    """
    return bad_request(message, BUSINESS_RULE)
