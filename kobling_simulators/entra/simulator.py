"""Microsoft Entra: one tenant's sign-in pages, token endpoint and discovery on a port of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.entra.devices import Devices
from kobling_simulators.entra.directory import directory
from kobling_simulators.entra.discovery import EVERY_TENANT, configuration, instance, realm
from kobling_simulators.entra.errors import SignInProblem, no_tenant
from kobling_simulators.entra.granting import Granting
from kobling_simulators.entra.keys import public_jwk
from kobling_simulators.entra.scopes import with_scope
from kobling_simulators.entra.settings import Settings
from kobling_simulators.entra.signing_in import SigningIn
from kobling_simulators.vendor import PersonRefused
from kobling_simulators.wire import Call, Reply, json_reply, text_reply

_ROUTE = re.compile(
    r"^/([^/]+)/((?:v2\.0/)?\.well-known/openid-configuration|oauth2/(?:v2\.0/)?\w+|discovery/(?:v2\.0/)?keys"
    r"|discovery/instance|userrealm/[^/]+)$",
    re.IGNORECASE,
)


def build(*, clock: Clock, seed: int, records: int) -> Entra:
    """The entry point by which a folder is a simulator; there is nothing to seed beside the directory."""
    return Entra(clock, seed)


class Entra:
    """The sign-in service of one tenant, reached by its GUID, its domain, `common` or `organizations`.

    Fidelity: known dataverse §2 – the token endpoint is /{tenant}/oauth2/v2.0/token
    Fidelity: known business_central §2 – the tenant may be a GUID, a domain, common or organizations
    """

    name = "entra"

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self._settings = Settings()
        self.reset(seed, 0)

    def reset(self, seed: int, records: int) -> None:
        """A fresh directory; another seed has another tenant, other apps, people and keys."""
        self._directory = directory(seed)
        self._random = random.Random(f"entra secrets {seed}")
        self._signing_in = SigningIn(self.clock, self._directory, self._random)
        self._devices = Devices(self.clock, self._directory, self._random)
        self._granting = Granting(self.clock, self._directory, self._signing_in, self._devices, self._random)

    def credentials(self) -> dict[str, str]:
        """The app and the person that are handed out, and a tenant that is not this one."""
        known = self._directory
        return {
            "tenant": known.tenant,
            "domain": known.domain,
            "client_id": known.app.client_id,
            "client_secret": known.app.secret,
            "public_client_id": known.public_app.client_id,
            "username": known.user.username,
            "password": known.user.password,
            "other_tenant": known.other_tenant,
        }

    def operation_of(self, call: Call) -> str:
        """Method and last word of the path, e.g. "POST token"."""
        return f"{call.method} {call.path.rpartition('/')[2]}"

    def over_limit(self, call: Call) -> Reply | None:
        """Sign-in is not limited here."""
        return None

    def rate_limited(self, retry_after: int | None) -> Reply:
        """Fidelity: assumed dataverse §2 – sign-in says too many requests as 429 with AADSTS90055."""
        problem = SignInProblem("temporarily_unavailable", 90055, "There are too many incoming requests.", 429)
        reply = problem.reply(self.clock.moment(), self._random)
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Reply(reply.status, reply.body, reply.content_type, headers)

    def answer(self, call: Call) -> Reply:
        """Discovery, keys, the sign-in page or the token endpoint."""
        match = _ROUTE.match(call.path)
        if match is None:
            return text_reply("Not found", 404)
        try:
            return self._routed(call, match[1], match[2])
        except SignInProblem as problem:
            return problem.reply(self.clock.moment(), self._random)

    def _routed(self, call: Call, tenant: str, place: str) -> Reply:
        if tenant.lower() not in (*EVERY_TENANT, self._directory.tenant, self._directory.domain):
            raise no_tenant(tenant)
        base = self._base(call)
        version = "2.0" if "v2.0/" in place.lower() else "1.0"
        folder, _, what = place.lower().rpartition("/")
        if call.method == "GET":
            if what == "openid-configuration":
                return json_reply(configuration(base, tenant, self._directory.tenant, version))
            if what == "keys":
                return json_reply({"keys": [public_jwk(self._directory.seed)]})
            if what == "instance":
                return json_reply(instance(base, call.query))
            if folder == "userrealm":
                return json_reply(realm(what))
        if call.method in ("GET", "POST") and what == "deviceauth":
            return self._devices.page(call)
        if call.method == "POST" and what == "devicecode":
            return json_reply(self._devices.begin(with_scope(call.form()), base, self._settings))
        if call.method in ("GET", "POST") and what == "authorize":
            call.query = with_scope(call.query) if version == "1.0" else call.query
            return self._signing_in.authorize(call, self._settings)
        if (call.method, what) == ("POST", "token"):
            issuer = f"{base}/{self._directory.tenant}/v2.0"
            granting = self._granting.first_version if version == "1.0" else self._granting.token
            answer = granting(call, tenant.lower(), issuer, self._settings)
            return json_reply(answer, 200, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})
        return text_reply("Not found", 404)

    def _base(self, call: Call) -> str:
        host = call.headers.get("X-Forwarded-Host") or call.headers.get("Host", "localhost")
        return f"{call.headers.get('X-Forwarded-Proto', 'http')}://{host}"

    def expire(self, call: Call) -> None:
        """A fault that ends the session ends every refresh token: calls here carry no access token."""
        self.revoke_all()

    def revoke_all(self) -> int:
        """End every refresh token and code; access tokens live on at the resources until they expire or revoke them."""
        self._signing_in.end_all()
        count = sum(not one.used for one in self._granting.refresh_tokens.values())
        self._granting.refresh_tokens.clear()
        return count

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings."""
        self._settings = self._settings.changed(values)

    def limits(self) -> dict[str, object]:
        """There is none."""
        return {"enabled": False}

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """There is none to change; switching it off again is fine."""
        if dict(values) not in ({}, {"enabled": False}):
            raise ValueError("sign-in has no limit to set")

    def entities(self) -> list[str]:
        """People and apps."""
        return ["apps", "users"]

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All of a kind, without passwords and secrets. Raises KeyError."""
        if entity == "users":
            rows = self._directory.users.values()
            return [{"id": one.object_id, "username": one.username, "enabled": one.enabled} for one in rows]
        if entity == "apps":
            return [{"id": one.client_id, "name": one.name} for one in self._directory.apps.values()]
        raise KeyError(entity)

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The directory is fixed."""
        raise PersonRefused("the simulated directory takes nobody in")

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set a person's `password` (which ends their refresh tokens) or `enabled`, by user name."""
        user = self._directory.users[key] if entity == "users" else None
        if user is None or set(values) - {"password", "enabled"}:
            raise PersonRefused("only the password of a user, and whether they are enabled, can be changed")
        if "password" in values:
            user.password, user.since = str(values["password"]), self.clock.now() + 1e-6
        user.enabled = bool(values.get("enabled", user.enabled))
        return {"id": user.object_id, "username": user.username, "enabled": user.enabled}

    def delete_as_person(self, entity: str, key: str) -> None:
        """The directory is fixed."""
        raise PersonRefused("the simulated directory lets nobody go")
