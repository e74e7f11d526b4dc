"""How the sign-in service says no."""

from __future__ import annotations

import random
from datetime import datetime

from kobling_simulators.wire import Reply, json_reply


class SignInProblem(Exception):
    """A refusal: OAuth's error word, Entra's number, and what it says to people.

    Fidelity: assumed dataverse §2 – numbers and wording of AADSTS errors are Entra's public ones, from memory
    """

    def __init__(self, error: str, number: int, text: str, status: int = 400, suberror: str = "") -> None:
        super().__init__(f"AADSTS{number}: {text}")
        self.error = error
        self.number = number
        self.status = status
        self.suberror = suberror

    def reply(self, at: datetime, source: random.Random) -> Reply:
        """The refusal as the token endpoint answers it."""
        trace, correlation = _guid(source), _guid(source)
        stamp = at.strftime("%Y-%m-%d %H:%M:%SZ")
        body: dict[str, object] = {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        if self.suberror:
            body["suberror"] = self.suberror
        return json_reply(body, self.status, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def no_tenant(tenant: str) -> SignInProblem:
    """The tenant of the path is not known."""
    text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
    return SignInProblem("invalid_request", 90002, text)


def no_app(client_id: str, tenant: str) -> SignInProblem:
    """The app is not registered in the tenant, or nobody there consented to it."""
    text = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
    return SignInProblem("unauthorized_client", 700016, text)


def missing(parameter: str) -> SignInProblem:
    """A parameter that has to be there is not."""
    text = f"The request body must contain the following parameter: '{parameter}'."
    return SignInProblem("invalid_request", 900144, text)


def no_consent(app: str) -> SignInProblem:
    """Neither the person nor an admin has agreed."""
    text = f"The user or administrator has not consented to use the application with ID '{app}'."
    return SignInProblem("invalid_grant", 65001, text, suberror="consent_required")


def _guid(source: random.Random) -> str:
    text = f"{source.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
