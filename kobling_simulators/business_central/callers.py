"""Who calls: tokens of the sign-in service, or a user with a web service access key."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Mapping
from dataclasses import dataclass

from kobling_simulators.business_central.errors import FORBIDDEN, UNAUTHORIZED, ApiError
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.entra.gate import Gate
from kobling_simulators.entra.tokens import TokenProblem
from kobling_simulators.wire import Call

AUDIENCE = "https://api.businesscentral.dynamics.com"
_CHALLENGE = 'Bearer authorization_uri="{0}/common/oauth2/authorize", error="invalid_token", error_description="{1}"'


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom limits and permissions are counted for."""

    id: str
    kind: str
    tenant: str


class Callers:
    """Recognises callers.

    Fidelity: known business_central §2 – audience https://api.businesscentral.dynamics.com; apps need API.ReadWrite.All
    Fidelity: known business_central §2 – an app has to be added in Business Central and be Enabled as well
    Fidelity: known business_central §1 – Basic is refused online; on-premises it takes a user and a web service key
    Fidelity: assumed business_central §7 – an app or user that Business Central does not know is 401
    """

    def __init__(self, gate: Gate, seed: int) -> None:
        self._gate = gate
        source = random.Random(f"business central keys {seed}")
        self.keys: dict[str, str] = {
            "VAREDISPONERING": base64.b64encode(source.randbytes(32)).decode(),
            "WEBSERVICE": base64.b64encode(source.randbytes(32)).decode(),
        }

    def admit(self, call: Call, settings: Settings, *, web_service: bool) -> Caller:
        """Who calls. Raises ApiError."""
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            if settings.hosting != "on_premises" and not (settings.basic_auth and web_service):
                raise self._refused("Basic authentication is not supported.")
            return self._by_key(text)
        try:
            claims = self._gate.admit(call, AUDIENCE)
        except TokenProblem as problem:
            raise self._refused(str(problem)) from None
        if claims.kind == "app":
            known = claims.app_id == self._gate.directory.app.client_id
            if not known or settings.app_registration != "enabled":
                raise self._refused("The application is not set up in Business Central, or not enabled.")
            if "API.ReadWrite.All" not in claims.scopes:
                raise ApiError(403, FORBIDDEN, "The application lacks the permission API.ReadWrite.All.")
        elif not settings.user_license:
            raise self._refused("The user has no licence for Business Central.")
        return Caller(claims.object_id, claims.kind, claims.tenant)

    def _by_key(self, text: str) -> Caller:
        try:
            user, _, key = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise self._refused("The credentials cannot be read.") from None
        name = user.rpartition("\\")[2].upper()
        if not key or self.keys.get(name) != key:
            raise self._refused("The server has rejected the client credentials.")
        return Caller(name, "user", self._gate.directory.tenant)

    def _refused(self, why: str) -> ApiError:
        headers: Mapping[str, str] = {"WWW-Authenticate": _CHALLENGE.format(self._gate.authority, why)}
        return ApiError(401, UNAUTHORIZED, "The server has rejected the client credentials.", headers)


def need_permission(settings: Settings, set_name: str) -> None:
    """Refuse entity sets that the caller's permission sets lack. Raises ApiError.

    Fidelity: known business_central §7 – missing permission sets are HTTP 403, Authorization_*
    """
    if set_name in settings.permissions_missing:
        raise ApiError(403, FORBIDDEN, f"You do not have the permissions to read or change {set_name}.")
