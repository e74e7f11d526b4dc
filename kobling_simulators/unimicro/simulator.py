"""Unimicro (Softrig): identity server and API on one port, two companies that never see each other."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.unimicro import seed as seeding
from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.clients import certificate, directory
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.eventplans import Postman
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.people import People, named
from kobling_simulators.unimicro.routes import Routes
from kobling_simulators.unimicro.settings import REDIRECT_URI, Limits, Settings
from kobling_simulators.unimicro.sign_in import SignIn, discovery, issuer, signing_keys
from kobling_simulators.unimicro.tokens import OAuthError, Tokens
from kobling_simulators.wire import Call, Reply, json_reply
from kobling_simulators.world.norway import organisation_number

_ID = re.compile(r"/\d+(?=/|$)")
_NAMES = ("Fjordbemanning AS", "Fjordbemanning Eiendom AS")


def build(*, clock: Clock, seed: int, records: int) -> Unimicro:
    """The entry point by which a folder is a simulator."""
    return Unimicro(clock, seed, records)


class Unimicro:
    """One installation with two companies; `records` of 200 makes about 100 customers in the first.

    Fidelity: known unimicro §6 – no rate limit is published
    Fidelity: assumed unimicro §6 – four requests at once
    """

    name = "unimicro"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self.url = ""
        self._settings = Settings()
        self._limits = Limits()
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """Freshly seeded; knobs stay, clients and keys are those of the seed."""
        source = random.Random(f"unimicro companies {seed}")
        self.companies: dict[str, Books] = {}
        for name in _NAMES:
            books = Books("", name, organisation_number(source), self.clock, source)
            books.key = books.new_guid()
            self.companies[books.key] = books
        self.main = next(iter(self.companies.values()))
        self._known = directory(seed, self.main.user)
        self._sign_in = SignIn(self.clock, self._known)
        self._tokens = Tokens(self.clock, self._known, self._sign_in, [*self.companies])
        self._routes = Routes(self.companies)
        self._seed = seed
        self._spread()
        for books in self.companies.values():
            seeding.fill(books, seed, records, main=books is self.main)
        self.postmen = [Postman(books) for books in self.companies.values()]

    def _spread(self) -> None:
        for books in self.companies.values():
            books.settings = self._settings

    def credentials(self) -> dict[str, str]:
        """Apps, the certificate, both companies and the one person; URLs are those of the port it listens at."""
        known = self._known
        first, second = self.companies
        return {
            "client_id": known.web.client_id,
            "client_secret": known.web.secret,
            "spa_client_id": known.spa.client_id,
            "server_client_id": known.server.client_id,
            "certificate": certificate(known.seed, known.server.client_id, known.certificate_password),
            "certificate_password": known.certificate_password,
            "redirect_uri": REDIRECT_URI,
            "identity_url": self.url,
            "api_url": self.url,
            "company_key": first,
            "other_company_key": second,
            "username": known.username,
            "password": known.password,
        }

    def operation_of(self, call: Call) -> str:
        """Method, path without ids and without /api/biz, and the action, e.g. "POST invoices invoice"."""
        path = _ID.sub("", call.path).removeprefix("/api/biz").strip("/")
        return f"{call.method} {path} {call.query.get('action', '')}".strip()

    def over_limit(self, call: Call) -> Reply | None:
        """One request more than the API takes at once."""
        if self._limits.enabled and call.path.startswith("/api/") and call.in_flight > self._limits.at_once:
            return self.rate_limited(1)
        return None

    def rate_limited(self, retry_after: int | None) -> Reply:
        """Fidelity: assumed unimicro §6 – 429 with {Message} and Retry-After."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return json_reply({"Message": "Too many requests"}, 429, headers)

    def answer(self, call: Call) -> Reply:
        """Identity server or API; what changed is told to subscribers afterwards."""
        try:
            return self._identity(call) or self._routes.answer(call, self._tokens.caller(call))
        except (ApiError, OAuthError) as error:
            return error.reply()
        finally:
            for postman in self.postmen:
                postman.flush()

    def _identity(self, call: Call) -> Reply | None:
        if call.path == "/.well-known/openid-configuration":
            return discovery(call)
        if call.path == "/.well-known/openid-configuration/jwks":
            return signing_keys(self._known.seed)
        if call.path == "/connect/token" and call.method == "POST":
            return self._tokens.token(call, self._settings)
        if call.path == "/connect/authorize" and call.method in ("GET", "POST"):
            names = {key: books.name for key, books in self.companies.items()}
            return self._sign_in.authorize(call, names, self._settings, self._tokens.secret())
        if call.path == "/connect/userinfo":
            return self._user(call)
        if call.path.startswith(("/connect/", "/.well-known/")):
            return json_reply({"error": "not_found"}, 404)
        return None

    def _user(self, call: Call) -> Reply:
        """Fidelity: known unimicro §2 – userinfo; assumed – sub, name and email."""
        caller = self._tokens.caller(call)
        if caller is None or not caller.person:
            return json_reply({"error": "invalid_token"}, 401)
        told = {"sub": self._known.user_id, "name": "Regnskapsfører", "email": self._known.username}
        return json_reply({**told, "iss": issuer(call)})

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self._tokens.expire(call)

    def revoke_all(self) -> int:
        """Every access token is over."""
        return self._tokens.revoke_all()

    def config(self) -> dict[str, object]:
        """The knobs of Settings."""
        values: dict[str, object] = msgspec.to_builtins(self._settings)
        return values

    def configure(self, values: Mapping[str, Any]) -> None:
        """Turn knobs of Settings. Raises ValueError."""
        self._settings = self._settings.changed(values)
        self._spread()

    def limits(self) -> dict[str, object]:
        """The knobs of Limits."""
        values: dict[str, object] = msgspec.to_builtins(self._limits)
        return values

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Change the knobs of Limits. Raises ValueError."""
        self._limits = msgspec.convert({**self.limits(), **values}, Limits)

    def entities(self) -> list[str]:
        """Routes of the first company's tables, and of the second one's customers and invoices; webhooks sent."""
        routes = [entity.route or entity.name for entity in entities().values()]
        return [*routes, "other-customers", "other-invoices", "deliveries"]

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All rows of a kind by ID, deleted ones marked. Raises KeyError."""
        if entity == "deliveries":
            return [dict(each) for postman in self.postmen for each in postman.deliveries]
        books, name = self._company(entity)
        rows = books.tables[named(name).name].rows
        return [{**row, "deleted": bool(row.get("Deleted"))} for _, row in sorted(rows.items())]

    def _company(self, entity: str) -> tuple[Books, str]:
        """Whose books are meant: "other-" in front of an entity is the second company."""
        other = entity.startswith("other-")
        return [*self.companies.values()][1] if other else self.main, entity.removeprefix("other-")

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person makes something."""
        books, name = self._company(entity)
        return self._done(People(books).create(name, values))

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes something, or does an action to it."""
        books, name = self._company(entity)
        return self._done(People(books).edit(name, key, values))

    def delete_as_person(self, entity: str, key: str) -> None:
        """A person deletes something."""
        books, name = self._company(entity)
        People(books).delete(name, key)
        self._done({})

    def _done(self, row: dict[str, Any]) -> dict[str, Any]:
        for postman in self.postmen:
            postman.flush()
        return row
