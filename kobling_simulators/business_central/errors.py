"""Business Central's refusals."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from kobling_simulators.wire import Reply, to_json

CONTENT = "application/json; odata.metadata=minimal; odata.streaming=true"
BAD_REQUEST = "BadRequest"
INVALID_URL = "BadRequest_InvalidRequestUrl"
SEGMENT_NOT_FOUND = "BadRequest_NotFound"
RESOURCE_NOT_FOUND = "BadRequest_ResourceNotFound"
READ_ONLY = "BadRequest_InvalidOperation"
NO_IF_MATCH = "BadRequest_InvalidToken"
MISSING_PARAMETER = "BadRequest_RequiredParamNotProvided"
METHOD_NOT_ALLOWED = "BadRequest_MethodNotAllowed"
NOT_IMPLEMENTED = "BadRequest_MethodNotImplemented"
CHANGED = "Request_EntityChanged"
UNAUTHORIZED = "Authentication_InvalidCredentials"
FORBIDDEN = "Authorization_RequestDenied"
SAME_KEY = "Internal_EntityWithSameKeyExists"
NO_RECORD = "Internal_RecordNotFound"
NO_RELATION = "Internal_InvalidTableRelation"
NO_COMPANY = "Internal_CompanyNotFound"
SERVER_ERROR = "Internal_ServerError"
RULE = "Application_DialogException"
TOO_LONG = "Application_StringExceededLength"
INVALID_GUID = "Application_InvalidGUID"
BAD_FILTER = "Application_FilterErrorException"
BAD_FIELD = "Application_FieldValidationException"
TOO_MANY = "Application_TooManyRequests"


class ApiError(Exception):
    """A refusal: HTTP status, code and message.

    Fidelity: known business_central §7 – {"error": {"code", "message"}}, the message ends with a CorrelationId
    Fidelity: known business_central §7 – codes and their HTTP status, as far as the contract pairs them
    Fidelity: assumed business_central §7 – the wording of messages, and the status where the contract gives two
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self, correlation: str) -> dict[str, object]:
        """The JSON of the refusal."""
        text = f"{self.message}  CorrelationId:  {correlation}."
        return {"error": {"code": self.code, "message": text}}

    def reply(self, correlation: str) -> Reply:
        """The refusal as an answer."""
        return Reply(self.status, to_json(self.body(correlation)), CONTENT, self.headers)


def correlation_id(number: int) -> str:
    """An id for the n-th refusal; equal runs have equal ids."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15) % (1 << 128), version=4))


def bad_request(message: str, code: str = BAD_REQUEST) -> ApiError:
    """HTTP 400 with a code."""
    return ApiError(400, code, message)


def rule(message: str) -> ApiError:
    """A business rule says no: HTTP 400, Application_DialogException."""
    return ApiError(400, RULE, message)


def wrong_field(message: str) -> ApiError:
    """A value is not possible in its field: HTTP 400, Application_FieldValidationException."""
    return ApiError(400, BAD_FIELD, message)


def no_segment(name: str) -> ApiError:
    """The address names nothing that is there."""
    return ApiError(404, SEGMENT_NOT_FOUND, f"No HTTP resource was found for the segment '{name}'.")


def no_property(name: str, entity: str) -> ApiError:
    """A query or body names a property that the entity does not have."""
    return bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity}'.")


def no_record(entity: str, key: str) -> ApiError:
    """There is no such record.

    Fidelity: assumed business_central §6 – an unknown key is 404 Internal_RecordNotFound for GET, PATCH and DELETE
    """
    return ApiError(404, NO_RECORD, f"The {entity} with the key '{key}' cannot be found.")


def not_allowed(method: str, what: str) -> ApiError:
    """The method does not exist here.

    Fidelity: known business_central §9 – PATCH of a collection is BadRequest_MethodNotAllowed
    """
    return ApiError(405, METHOD_NOT_ALLOWED, f"'{method}' requests for '{what}' of EntityType are not allowed.")


def not_implemented(message: str) -> ApiError:
    """The server does not know how to do this."""
    return ApiError(501, NOT_IMPLEMENTED, message)


def stale() -> ApiError:
    """The record has changed since the client read it.

    Fidelity: known business_central §6 – a stale If-Match is 409 Request_EntityChanged
    """
    return ApiError(409, CHANGED, "Another user has already changed the record.")


def no_relation(caption: str, entity: str, value: object, target: str) -> ApiError:
    """A value points at a record that is not there."""
    text = f"The field {caption} of table {entity} contains a value ({value}) that cannot be found in the related table"
    return ApiError(400, NO_RELATION, f"{text} ({target}).")
