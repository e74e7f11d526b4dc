"""Pleo: its API, its sign-in and its files, on one port.

Fidelity: known pleo §1 – three hosts; on this port /oauth/… is auth, /legacy/v1/… openapi, everything else external
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.clock import Clock
from kobling_simulators.limits import WindowLimit
from kobling_simulators.pleo import files
from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.catalogue_routes import CatalogueRoutes
from kobling_simulators.pleo.company import Company, State
from kobling_simulators.pleo.errors import ApiError
from kobling_simulators.pleo.export_routes import ExportRoutes
from kobling_simulators.pleo.jobs import Jobs
from kobling_simulators.pleo.legacy import PREFIX, Legacy
from kobling_simulators.pleo.other_routes import OtherRoutes
from kobling_simulators.pleo.people import SHELVES, People, dumped
from kobling_simulators.pleo.routing import Table
from kobling_simulators.pleo.scopes import SCOPES
from kobling_simulators.pleo.seed import seed_company
from kobling_simulators.pleo.settings import Limits, Settings
from kobling_simulators.pleo.sign_in import Identity, OAuthError, SignIn
from kobling_simulators.pleo.tag_routes import TagRoutes
from kobling_simulators.pleo.webhooks import JOB, Webhooks
from kobling_simulators.wire import Call, Reply
from kobling_simulators.world.identities import cvr

_ID = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")
REDIRECT = "http://localhost:8765/callback"


def build(*, clock: Clock, seed: int, records: int) -> Pleo:
    """The entry point by which a folder is a simulator."""
    return Pleo(clock, seed, records)


class Pleo:
    """One organisation with three companies; the first two have keys of their own, an admin may tick all three."""

    name = "pleo"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self._settings = Settings()
        self._limits = Limits()
        self._limit = WindowLimit(clock, 1)
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """Freshly seeded; knobs stay. Keys and secrets are those of the seed."""
        self.state = State(self.clock, seed)
        source, settings = self.state.source, self._settings
        secrets = [f"{source.getrandbits(128):032x}" for _ in range(5)]
        self.organization = self.state.new_id()
        self._catalogue = Catalogue(self.state, settings)
        many = records if settings.entries is None else settings.entries
        names = ("Kobling Prøvefirma ApS", "Nabo & Søn A/S", "Ørsted Ejendomme ApS")
        self.main, other, _ = (
            seed_company(self.state, self._catalogue, settings, name, cvr(source), self.organization, number)
            for name, number in zip(names, (many, min(many, 5), min(many, 5)), strict=True)
        )
        identity = Identity("kobling", secrets[0], REDIRECT, "admin@proevefirma.example", secrets[1][:12])
        identity.keys = {secrets[2]: self.main.id, secrets[3]: other.id}
        self.sign_in = SignIn(self.clock, seed, identity)
        self._old_token = secrets[4]
        self._wire()

    def _wire(self) -> None:
        self._webhooks = Webhooks(self.state)
        self._jobs = Jobs(self.state, lambda company, job: self._webhooks.tell(company.id, JOB, job))
        self._table = Table(self.state)
        CatalogueRoutes(self._table, self._catalogue)
        TagRoutes(self._table, self._catalogue)
        self._exports = ExportRoutes(self._table, self.state, self._jobs)
        OtherRoutes(self._table, self.state, self._webhooks, self.sign_in.end)
        self._legacy = Legacy(self.state, self._catalogue)
        self._spread()

    def _spread(self) -> None:
        for each in (self._catalogue, self._jobs, self._webhooks, self._exports):
            each.settings = self._settings

    def credentials(self) -> dict[str, str]:
        """What signs an app, a person or a company's own script in."""
        known = self.sign_in.identity
        keys, companies = list(known.keys), list(self.state.companies)
        return {
            "api_key": keys[0],
            "other_api_key": keys[1],
            "company_id": companies[0],
            "other_company_id": companies[1],
            "third_company_id": companies[2],
            "organization_id": self.organization,
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "redirect_uri": known.redirect_uri,
            "scopes": " ".join(sorted(SCOPES)),
            "username": known.username,
            "password": known.password,
            "legacy_token": self._old_token,
        }

    def operation_of(self, call: Call) -> str:
        """Method and path without ids."""
        return f"{call.method} {_ID.sub('', call.path).strip('/')}"

    def over_limit(self, call: Call) -> Reply | None:
        """Requests per second and credential."""
        if not self._limits.enabled or not call.path.startswith(("/v", PREFIX)):
            return None
        wait = self._limit.take(call.headers.get("Authorization", ""), self._limits.requests)
        return self.rate_limited(max(1, round(wait))) if wait else None

    def rate_limited(self, retry_after: int | None) -> Reply:
        """Fidelity: known pleo §2 – 429 with Retry-After."""
        reply = ApiError(429, "TOO_MANY_REQUESTS", "Too many requests.").reply()
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Reply(reply.status, reply.body, reply.content_type, headers)

    def answer(self, call: Call) -> Reply:
        """Sign-in pages, files, or the API with a credential."""
        self._jobs.expire()
        try:
            if call.path == "/oauth/authorize":
                return self.sign_in.authorize(call, {key: each.row["name"] for key, each in self._companies().items()})
            if call.path == "/oauth/token":
                return self.sign_in.token(call, self._settings)
            if call.path == "/oauth/token/introspect":
                return self.sign_in.introspect(call)
            if call.path.startswith("/files/"):
                return files.fetch(call, self.state, self.clock)
            if call.path.startswith(PREFIX):
                return self._legacy.answer(call, self._old_caller(call))
            return self._table.answer(call, self.sign_in.caller(call, self._settings))
        except (ApiError, OAuthError) as error:
            return error.reply()

    def _old_caller(self, call: Call) -> Company:
        """The company of a token of the old API, or of a credential of the new one. Raises ApiError."""
        if call.headers.get("Authorization") == f"Bearer {self._old_token}":
            return self.main
        caller = self.sign_in.caller(call, self._settings)
        if "companies:read" not in caller.scopes:
            raise ApiError(403, "FORBIDDEN", "The scope companies:read is missing.")
        return self.state.companies[caller.companies[0]]

    def _companies(self) -> dict[str, Company]:
        return self.state.companies

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self.sign_in.expire(call)

    def revoke_all(self) -> int:
        """Every access token is over."""
        return self.sign_in.revoke_all()

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
        self._limit.clear()

    def entities(self) -> list[str]:
        """Kinds that can be dumped."""
        return [*SHELVES]

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All rows of a kind of the first company. Raises KeyError."""
        self._jobs.expire()
        return dumped(self.state, self.main, entity)

    def _people(self) -> People:
        return People(self.state, self.main, self._catalogue, self._jobs, self._webhooks)

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person makes something in Pleo."""
        return self._people().create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes something."""
        return self._people().edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """A person deletes something."""
        self._people().delete(entity, key)
