"""Dinero: the API, its personal token endpoint and Visma Connect, all on one port."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.connect import Connect
from kobling_simulators.dinero.dumping import dump_entity, dumped_kinds
from kobling_simulators.dinero.errors import NO_PERMISSION, NO_PRO, ApiError, not_found
from kobling_simulators.dinero.organizations import countries, organizations_v1, organizations_v1_1
from kobling_simulators.dinero.people import People
from kobling_simulators.dinero.routes import Organization
from kobling_simulators.dinero.seed import seed_books
from kobling_simulators.dinero.settings import Limits, Settings
from kobling_simulators.dinero.tokens import Identity, OAuthError, Token, Tokens, personal_token
from kobling_simulators.limits import WindowLimit
from kobling_simulators.wire import Call, Reply, json_reply, text_reply

_PERSONAL, _AUTHORIZE, _TOKEN = "/dineroapi/oauth/token", "/connect/authorize", "/connect/token"
_GUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
_VERSIONED = re.compile(r"^/(v[\d.]+)/([^/]+)(?:/(.+?))?/?$")
_UNAUTHORIZED = {"message": "Authorization has been denied for this request."}


def build(*, clock: Clock, seed: int, records: int) -> Dinero:
    """The entry point by which a folder is a simulator."""
    return Dinero(clock, seed, records)


class Dinero:
    """Two organizations: the seeded one, and an empty one that only its own key or Visma Connect reaches."""

    name = "dinero"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self._settings = Settings()
        self._limits = Limits()
        self._limit = WindowLimit(clock)
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """Fresh books, tokens and credentials of a seed; knobs stay."""
        source = random.Random(f"dinero {seed}")
        first = 100_000 + source.randrange(800_000)
        self._identity = _identity(source, first)
        self._tokens = Tokens(self.clock, seed)
        self._connect = Connect(self.clock, self._identity, self._tokens)
        self._limit.clear()
        self._organizations: dict[int, Organization] = {}
        for tenant, number in self._identity.tenants.items():
            name = "Kobling Prøvefirma ApS" if number == first else "Tomme Bøger ApS"
            books = Books(number, name, tenant, self.clock, seed)
            books.settings = self._settings
            self._organizations[number] = Organization(books)
        seed_books(self._organizations[first], self.clock, seed, records)

    @property
    def main(self) -> Organization:
        """The seeded organization."""
        return next(iter(self._organizations.values()))

    def credentials(self) -> dict[str, str]:
        """Both ways of signing in, and the second organization for tests of separation."""
        identity = self._identity
        keys = [(key, str(number)) for key, number in identity.api_keys.items()]
        tenants = list(identity.tenants)
        return {
            "client_id": identity.client_id,
            "client_secret": identity.client_secret,
            "api_key": keys[0][0],
            "organization_id": keys[0][1],
            "tenant_id": tenants[0],
            "visma_client_id": identity.visma_client_id,
            "visma_client_secret": identity.visma_client_secret,
            "visma_username": identity.visma_username,
            "visma_password": identity.visma_password,
            "other_api_key": keys[1][0],
            "other_organization_id": keys[1][1],
            "other_tenant_id": tenants[1],
        }

    def operation_of(self, call: Call) -> str:
        """Method and path without version, organization and guids, e.g. "POST invoices/book"."""
        if call.path in (_PERSONAL, _TOKEN):
            return f"{call.method} token"
        if call.path == _AUTHORIZE:
            return f"{call.method} authorize"
        match = _VERSIONED.match(call.path)
        if match is None:
            return f"{call.method} {call.path}"
        rest = match[3] if match[3] else match[2]
        return f"{call.method} " + "/".join(part for part in rest.split("/") if not _GUID.match(part))

    def over_limit(self, call: Call) -> Reply | None:
        """Fidelity: inferred dinero §5 – 429 is plain text "API calls quota exceeded!…", without Retry-After."""
        match = _VERSIONED.match(call.path)
        if not self._limits.enabled or match is None:
            return None
        token = self._tokens.of(call)
        if token is None:
            return None
        allowed = self._limits.personal_per_minute if token.personal else self._limits.public_per_minute
        wait = self._limit.take(f"{match[2]} {token.client_id}", allowed)
        if not wait:
            return None
        return self.rate_limited(int(wait) + 1 if self._settings.retry_after_header else None, allowed)

    def rate_limited(self, retry_after: int | None, allowed: int = 100) -> Reply:
        """Dinero's plain-text refusal."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return text_reply(f"API calls quota exceeded! maximum admitted {allowed} per 1m.", 429, headers)

    def answer(self, call: Call) -> Reply:
        """Sign-in pages, token endpoints, or an API call with a bearer token."""
        try:
            if call.path == _AUTHORIZE and call.method in ("GET", "POST"):
                return self._connect.authorize(call, self._settings)
            if call.path == _PERSONAL and call.method == "POST":
                return personal_token(call, self._identity, self._tokens, self._settings.token_life)
            if call.path == _TOKEN and call.method == "POST":
                return self._connect.token(call, self._settings.token_life)
            return self._api(call)
        except OAuthError as error:
            return error.reply()
        except ApiError as error:
            return error.reply()

    def _api(self, call: Call) -> Reply:
        match = _VERSIONED.match(call.path)
        if match is None:
            raise not_found("The address")
        token = self._tokens.of(call)
        if token is None:
            return json_reply(_UNAUTHORIZED, 401, {"WWW-Authenticate": "Bearer"})
        if call.method != "GET" and not token.may_write:
            raise ApiError(403, NO_PERMISSION, "The token may not write")
        version, first, rest = match[1], match[2], match[3]
        if not first.isdecimal():
            return self._without_organization(call, version, first, rest, token)
        return self._in_organization(call, version, int(first), rest or "", token)

    def _without_organization(self, call: Call, version: str, name: str, rest: str | None, token: Token) -> Reply:
        reachable = [one.books for number, one in self._organizations.items() if number in token.organizations]
        if call.method == "GET" and rest is None:
            if (version, name) == ("v1", "organizations"):
                return json_reply(organizations_v1(call, reachable))
            if (version, name) == ("v1.1", "organizations"):
                return json_reply(organizations_v1_1(call, reachable))
            if (version, name) == ("v1", "countries"):
                return json_reply(countries(call))
        raise not_found("The address")

    def _in_organization(self, call: Call, version: str, number: int, rest: str, token: Token) -> Reply:
        """Fidelity: inferred dinero §1 – a token for another organization is HTTP 403 with code 41."""
        organization = self._organizations.get(number)
        if organization is None or number not in token.organizations:
            raise ApiError(403, NO_PERMISSION, "Insufficient permission to the organization")
        if not self._settings.pro:
            raise ApiError(403, NO_PRO, "The organization has no active Pro subscription")
        handler = organization.find(call.method, version, rest.split("/"))
        if handler is None:
            raise not_found("The address")
        result = handler(call)
        if isinstance(result, Reply):
            return result
        return Reply(200, b"") if result is None else json_reply(result)

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self._tokens.expire(call)

    def revoke_all(self) -> int:
        """End every access token and refresh token."""
        self._connect.end_all()
        return self._tokens.end_all()

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings."""
        self._settings = self._settings.changed(values)
        for organization in self._organizations.values():
            organization.books.settings = self._settings

    def limits(self) -> dict[str, object]:
        """The knobs of Limits."""
        values: dict[str, object] = msgspec.to_builtins(self._limits)
        return values

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Change the knobs of Limits."""
        self._limits = msgspec.convert({**self.limits(), **values}, Limits)
        self._limit.clear()

    def entities(self) -> list[str]:
        """Kinds of the seeded organization, and of the other one as kind@number."""
        others = [number for number in self._organizations if number != self.main.books.number]
        return [*dumped_kinds(), *(f"{kind}@{number}" for number in others for kind in dumped_kinds())]

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All records of a kind."""
        kind, _, number = entity.partition("@")
        return dump_entity(self._organizations[int(number)] if number else self.main, kind)

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Save a new record in Dinero's screens."""
        return People(self.main).create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a record in Dinero's screens."""
        return People(self.main).edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """Delete a record in Dinero's screens."""
        People(self.main).delete(entity, key)


def _identity(source: random.Random, first: int) -> Identity:
    def secret() -> str:
        return f"{source.getrandbits(128):032x}"

    tenants = [str(UUID(int=source.getrandbits(128), version=4)) for _ in range(2)]
    return Identity(
        client_id="kobling-personal",
        client_secret=secret(),
        visma_client_id="isv_kobling",
        visma_client_secret=secret(),
        visma_username="admin@proevefirma.example",
        visma_password=secret()[:12],
        api_keys={secret(): first, secret(): first + 1},
        tenants={tenants[0]: first, tenants[1]: first + 1},
    )
