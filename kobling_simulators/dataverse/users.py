"""Which system user a token stands for."""

from __future__ import annotations

from kobling_simulators.dataverse.errors import DISABLED_USER, NO_PRIVILEGE, NO_USER, ApiError
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.entra.gate import Gate
from kobling_simulators.entra.tokens import Claims
from kobling_simulators.wire import Call


class Users:
    """Finds system users by what a token says.

    Fidelity: known dataverse §2 – an app needs an application user bound to its id; a person acts as themselves
    Fidelity: known dataverse §3 – CallerObjectId: <Entra object id> runs a call as someone else
    Fidelity: assumed dataverse §7 – no user, a disabled one, or impersonating without the privilege: 403
    """

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def of(self, call: Call, url: str, settings: Settings) -> str:
        """The id of the user a call runs as. Raises TokenProblem, ApiError."""
        claims = self._gate.admit(call, url)
        row = self._row(claims)
        if claims.kind == "app" and settings.app_user != "enabled":
            row = None if settings.app_user == "missing" else row
            if row is not None:
                raise ApiError(403, DISABLED_USER, "The specified user is disabled.")
        if row is None:
            raise ApiError(403, NO_USER, "The user is not a member of the organization.")
        if row.values.get("isdisabled"):
            raise ApiError(403, DISABLED_USER, "The specified user is disabled.")
        wanted = call.headers.get("CallerObjectId", "")
        return row.id if not wanted else self._impersonated(wanted, settings)

    def _row(self, claims: Claims) -> Row | None:
        column, value = ("applicationid", claims.app_id)
        if claims.kind == "user":
            column, value = "azureactivedirectoryobjectid", claims.object_id
        return next(iter(self._store.where("systemuser", column, value)), None)

    def _impersonated(self, object_id: str, settings: Settings) -> str:
        found = self._store.where("systemuser", "azureactivedirectoryobjectid", object_id)
        if not settings.impersonation:
            raise ApiError(403, NO_PRIVILEGE, "The user is missing prvActOnBehalfOfAnotherUser privilege.")
        if not found or found[0].values.get("isdisabled"):
            raise ApiError(403, NO_USER, "The user to act as is not an enabled member of the organization.")
        return found[0].id

    def app(self) -> str:
        """The application user of the app that is handed out."""
        return self._store.where("systemuser", "applicationid", self._gate.directory.app.client_id)[0].id

    def is_enabled(self, claims: Claims) -> bool:
        """Whether the person of a token is an enabled user here."""
        row = self._row(claims)
        return row is not None and not row.values.get("isdisabled")

    def person(self) -> str:
        """The ordinary person who works in the screens."""
        known = self._gate.directory.user.object_id
        return self._store.where("systemuser", "azureactivedirectoryobjectid", known)[0].id
