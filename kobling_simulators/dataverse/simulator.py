"""Dynamics 365 Sales on Microsoft Dataverse: the Web API of one organization and global discovery, on one port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.dataverse import discovery
from kobling_simulators.dataverse.batch import Batches
from kobling_simulators.dataverse.context import context_of
from kobling_simulators.dataverse.errors import ApiError
from kobling_simulators.dataverse.facts import schema
from kobling_simulators.dataverse.paths import ROOT
from kobling_simulators.dataverse.people import People, dumped
from kobling_simulators.dataverse.protection import Protection
from kobling_simulators.dataverse.requests import Requests, wrong_method
from kobling_simulators.dataverse.seed import seed_organization
from kobling_simulators.dataverse.set_up import new_writer, set_up
from kobling_simulators.dataverse.settings import Limits, Settings
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.users import Users
from kobling_simulators.entra.gate import Gate
from kobling_simulators.entra.tokens import TokenProblem
from kobling_simulators.wire import Call, Reply, text_reply

_KEYS = re.compile(r"\((?:[^()']|'[^']*')*\)")
_CONTINUE = "odata.continue-on-error"


def build(*, clock: Clock, seed: int, records: int) -> Dataverse:
    """The entry point by which a folder is a simulator."""
    return Dataverse(clock, seed, records)


class Dataverse:
    """One organization. Who signs in, and where, stays the same over resets."""

    name = "dataverse"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self.gate = Gate(seed, clock)
        self._settings = Settings()
        self._protection = Protection(clock)
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """A fresh organization of a seed; knobs, sign-in and issued tokens stay."""
        self._schemas = {installed: schema(installed) for installed in (False, True)}
        self._store = Store(self._schemas[self._settings.business_central_solution], self.clock, seed)
        self._writer = new_writer(self._store, self._settings)
        owners = set_up(self._writer, self.gate.directory)
        seed_organization(self._writer, self.clock, owners, seed, records)
        self._requests = Requests(self._writer)
        self._users = Users(self._store, self.gate)
        self._restrict()
        self._protection.clear()

    def _restrict(self) -> None:
        """Whether the app may do what it likes, or only what its roles allow."""
        self._writer.restricted = self._users.app()
        self._writer.roles.restrict(self._users.app(), restricted=self._settings.app_user_roles == "needed")

    def credentials(self) -> dict[str, str]:
        """What signs an app and a person in, and where."""
        admin = self.gate.directory.administrator
        more = {"discovery_url": self.gate.url, "organization_id": self._writer.organization}
        more |= {"admin_client_id": admin.client_id, "admin_client_secret": admin.secret}
        return {**self.gate.credentials(), **more}

    def operation_of(self, call: Call) -> str:
        """Method and path without service root and keys, e.g. "PATCH accounts"."""
        path = _KEYS.sub("", ROOT.sub("", call.path))
        return f"{call.method} {path.strip('/') or '/'}"

    def over_limit(self, call: Call) -> Reply | None:
        """Service protection of the calling user."""
        if ROOT.match(call.path) is None:
            return None
        try:
            user = self._users.of(call, self._url(call), self._settings)
        except (TokenProblem, ApiError):
            return None
        problem = self._protection.refusal(user, call.in_flight)
        return None if problem is None else problem.reply()

    def rate_limited(self, retry_after: int | None) -> Reply:
        """The refusal of a user who made too many requests."""
        return self._protection.problem("requests", retry_after).reply()

    def _url(self, call: Call) -> str:
        """Where this organization is for its callers: a public address before it, or the host that they asked."""
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/")
        host = call.headers.get("X-Forwarded-Host") or call.headers.get("Host")
        scheme = call.headers.get("X-Forwarded-Proto", "http")
        return f"{scheme}://{host}" if host else self.gate.url or "http://localhost"

    def answer(self, call: Call) -> Reply:
        """Discovery, or the Web API with a token for this organization."""
        url = self._url(call)
        try:
            if call.path == discovery.PATH and call.method == "GET":
                return self._discover(call, url)
            match = ROOT.match(call.path)
            if match is None:
                return text_reply("The resource cannot be found.", 404)
            user = self._users.of(call, url, self._settings)
            self._writer.roles.require_any(user)
            before = self._requests.cost
            reply = self._api(call, user, url + match[0].rstrip("/"))
            self._protection.spend(user, self._requests.cost - before)
            return self._marked(reply, user)
        except TokenProblem as problem:
            return self._unauthorized(problem, url)
        except ApiError as error:
            return error.reply()

    def _discover(self, call: Call, url: str) -> Reply:
        """Fidelity: known dataverse §1 – delegated tokens only; lists organizations where the user is enabled."""
        claims = self.gate.admit(call, discovery.AUDIENCE, url)
        if claims.kind != "user":
            raise ApiError(403, "0x80040220", "Global discovery takes tokens of users only.")
        count = self._settings.organizations if self._users.is_enabled(claims) else 0
        return discovery.instances(call, url, self._writer.organization, claims.tenant, count)

    def _unauthorized(self, problem: TokenProblem, url: str) -> Reply:
        """Fidelity: assumed dataverse §2 – the bearer challenge names authorization_uri and resource_id."""
        authority = f"{self.gate.authority}/{self.gate.directory.tenant}/oauth2/authorize"
        challenge = f"Bearer authorization_uri={authority}, resource_id={url}/"
        return text_reply(f"HTTP Error 401 - Unauthorized: {problem}", 401, {"WWW-Authenticate": challenge})

    def _api(self, call: Call, user: str, root: str) -> Reply:
        if ROOT.sub("", call.path) != "$batch":
            return self._one(call, user, root)
        if call.method != "POST":
            raise wrong_method(call.method)
        strict = self._settings.line_feeds == "refused"
        batches = Batches(self._store, lambda inner: self._one(inner, user, root), strict=strict)
        return batches.run(call, go_on=_CONTINUE in context_of(call, user, root).prefer)

    def _one(self, call: Call, user: str, root: str) -> Reply:
        """One request, alone or out of a batch; a refused write leaves nothing behind."""
        context = context_of(call, user, root)
        path = ROOT.sub("", call.path)
        try:
            if call.method == "GET":
                return self._requests.answer(call, path, context)
            with self._store.atomic():
                return self._requests.answer(call, path, context)
        except ApiError as error:
            return error.reply(annotated="odata.include-annotations" in context.prefer)

    def _marked(self, reply: Reply, user: str) -> Reply:
        request = self._store.new_id()
        marks = {"x-ms-service-request-id": request, "REQ_ID": request, **self._protection.headers(user)}
        return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **marks})

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self.gate.expire(call)

    def revoke_all(self) -> int:
        """Every token issued until now is refused here."""
        return self.gate.revoke_all()

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings. Raises ValueError."""
        self._settings = self._settings.changed(values)
        self._writer.settings = self._requests.reading.settings = self._settings
        self._store.use(self._schemas[self._settings.business_central_solution])
        self._restrict()

    def limits(self) -> dict[str, object]:
        """The knobs of Limits."""
        values: dict[str, object] = msgspec.to_builtins(self._protection.limits)
        return values

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Change the knobs of Limits. Raises ValueError."""
        self._protection.limits = msgspec.convert({**self.limits(), **values}, Limits)
        self._protection.clear()

    def entities(self) -> list[str]:
        """Every entity set."""
        return list(self._store.schema.sets)

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All rows of an entity set. Raises KeyError."""
        return dumped(self._writer, entity)

    def _people(self) -> People:
        return People(self._writer, self._users.person())

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Save a new row in the screens."""
        return self._people().create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a row in the screens."""
        return self._people().edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """Delete a row in the screens."""
        self._people().delete(entity, key)
