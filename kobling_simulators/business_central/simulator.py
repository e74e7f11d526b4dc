"""Microsoft Dynamics 365 Business Central: the APIs of one environment and the list of environments, on one port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kobling_simulators.business_central.addresses import Address, read_address
from kobling_simulators.business_central.callers import Callers
from kobling_simulators.business_central.environment import Environment
from kobling_simulators.business_central.errors import UNAUTHORIZED, ApiError, correlation_id, no_segment
from kobling_simulators.business_central.hosting import ENVIRONMENT, INSTANCE, admin_environments, environments
from kobling_simulators.business_central.people import People, dumped
from kobling_simulators.business_central.seed import seed_company
from kobling_simulators.business_central.settings import Limits, Settings
from kobling_simulators.business_central.throttle import Throttle, too_many
from kobling_simulators.clock import Clock
from kobling_simulators.entra.gate import Gate
from kobling_simulators.wire import Call, Reply

_KEYS = re.compile(r"\((?:[^()']|'[^']*')*\)")
_ROOT = re.compile(r"^(?:/v2\.0(?:/[^/]+){1,2}|/[^/]+)/(?:api/v2\.0|api/(?:[^/]+/){2}[^/]+|ODataV4)(?=/|$)")
_LARGEST_BODY = 350 * 1024 * 1024


def build(*, clock: Clock, seed: int, records: int) -> BusinessCentral:
    """The entry point by which a folder is a simulator."""
    return BusinessCentral(clock, seed, records)


class BusinessCentral:
    """One environment. Who signs in, and where, stays the same over resets."""

    name = "business_central"

    def __init__(self, clock: Clock, seed: int, records: int) -> None:
        self.clock = clock
        self.gate = Gate(seed, clock)
        self._settings = Settings()
        self._callers = Callers(self.gate, seed)
        self._throttle = Throttle(clock)
        self._refusals = 0
        self.reset(seed, records)

    def reset(self, seed: int, records: int) -> None:
        """A fresh environment of a seed; knobs, sign-in and issued tokens stay."""
        self._environment = Environment(self.clock, seed, self._settings)
        seed_company(self._environment.main, self.clock, seed, records)
        self._environment.listen()
        self._throttle.clear()

    def credentials(self) -> dict[str, str]:
        """What signs an app and a person in, the companies, and the user of the availability service."""
        main, other = self._environment.companies.values()
        user, key = next(iter(self._callers.keys.items()))
        return {
            **self.gate.credentials(),
            "environment": ENVIRONMENT,
            "server_instance": INSTANCE,
            "company_id": main.id,
            "company": main.name,
            "other_company_id": other.id,
            "other_company": other.name,
            "availability_user": user,
            "availability_key": key,
        }

    def operation_of(self, call: Call) -> str:
        """Method and path without root, company and keys, e.g. "PATCH customers"."""
        path = _KEYS.sub("", _ROOT.sub("", call.path)).strip("/")
        return f"{call.method} {path.removeprefix('companies/').removeprefix('Company/') or '/'}"

    def over_limit(self, call: Call) -> Reply | None:
        """The throttle of the calling user."""
        if _ROOT.match(call.path) is None:
            return None
        try:
            caller = self._callers.admit(call, self._settings, web_service="/ODataV4" in call.path)
        except ApiError:
            return None
        problem = self._throttle.refusal(caller.id, call.in_flight, self._settings.retry_after_429)
        return None if problem is None else self._refused(problem)

    def rate_limited(self, retry_after: int | None) -> Reply:
        """The refusal of a user who made too many requests."""
        limits = self._throttle.limits
        return self._refused(too_many(limits.requests + 1, limits.requests, retry_after))

    def answer(self, call: Call) -> Reply:
        """The list of environments, or an API with a token of this tenant."""
        try:
            return self._answered(call)
        except ApiError as error:
            return self._refused(error)

    def _answered(self, call: Call) -> Reply:
        if len(call.body) > _LARGEST_BODY:
            raise ApiError(413, "RequestEntityTooLarge", "The request body is too large.")
        url = self._url(call)
        settings = self._settings
        listing = call.path.startswith(("/environments/", "/admin/"))
        caller = self._callers.admit(call, settings, web_service="/ODataV4" in call.path)
        if listing:
            if settings.hosting == "on_premises":
                raise no_segment(call.path.strip("/").partition("/")[0])
            if call.path.startswith("/admin/"):
                return admin_environments(call, url, caller.tenant, settings)
            if caller.kind != "user":
                raise ApiError(401, UNAUTHORIZED, "The list of environments takes a token of a user.")
            return environments(call, url, caller.tenant, settings)
        address = read_address(call.path, online=settings.hosting != "on_premises", instance=INSTANCE)
        if settings.hosting != "on_premises":
            self._need_place(address, caller.tenant)
        reply = self._environment.answer(call, address, url)
        self._environment.webhooks.tick()
        return reply

    def _need_place(self, address: Address, tenant: str) -> None:
        """Fidelity: assumed business_central §1 – another tenant than the token's is 401, an unknown place 404."""
        named = address.tenant.lower()
        if named and named not in (tenant, self.gate.directory.domain):
            raise ApiError(401, UNAUTHORIZED, "The token is not for this tenant.")
        if address.environment.lower() != ENVIRONMENT.lower():
            raise ApiError(404, "NoEnvironment", f"Environment '{address.environment}' does not exist.")
        if self._settings.environment_status != "Active":
            raise ApiError(503, "Internal_TenantUnavailable", "The tenant is not available.", {"Retry-After": "30"})

    def _url(self, call: Call) -> str:
        """Where this is for its callers: a public address before it, or the host that they asked."""
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/")
        host = call.headers.get("X-Forwarded-Host") or call.headers.get("Host")
        scheme = call.headers.get("X-Forwarded-Proto", "http")
        return f"{scheme}://{host}" if host else self.gate.url or "http://localhost"

    def _refused(self, error: ApiError) -> Reply:
        self._refusals += 1
        return error.reply(correlation_id(self._refusals))

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
        self._environment.use(self._settings)

    def limits(self) -> dict[str, object]:
        """The knobs of Limits."""
        values: dict[str, object] = msgspec.to_builtins(self._throttle.limits)
        return values

    def set_limits(self, values: Mapping[str, Any]) -> None:
        """Change the knobs of Limits. Raises ValueError."""
        self._throttle.limits = msgspec.convert({**self.limits(), **values}, Limits)
        self._throttle.clear()

    def entities(self) -> list[str]:
        """Every entity set that holds records of its own, and the hidden ledgers."""
        return People(self._environment).entities()

    def dump(self, entity: str) -> list[dict[str, Any]]:
        """All records of an entity set, of the other company as set@other. Raises KeyError."""
        return dumped(self._environment, entity)

    def create_as_person(self, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Save a new record in the screens."""
        return People(self._environment).create(entity, values)

    def edit_as_person(self, entity: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a record in the screens."""
        return People(self._environment).edit(entity, key, values)

    def delete_as_person(self, entity: str, key: str) -> None:
        """Delete a record in the screens."""
        People(self._environment).delete(entity, key)
