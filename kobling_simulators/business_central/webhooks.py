"""Subscriptions to changes, and which changes they are to be told."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kobling_simulators.business_central.addresses import Segment
from kobling_simulators.business_central.delivering import Mail, Postman
from kobling_simulators.business_central.errors import (
    MISSING_PARAMETER,
    READ_ONLY,
    SAME_KEY,
    ApiError,
    bad_request,
    correlation_id,
    no_record,
    no_segment,
    not_allowed,
)
from kobling_simulators.business_central.facts import ZERO_GUID
from kobling_simulators.business_central.requests import Request, need_match, reply
from kobling_simulators.business_central.settings import Settings
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Company
from kobling_simulators.business_central.values import iso
from kobling_simulators.clock import Clock
from kobling_simulators.wire import Reply

SUPPORTED = (
    "accounts",
    "companyInformation",
    "countriesRegions",
    "currencies",
    "customerPaymentJournals",
    "customers",
    "dimensions",
    "employees",
    "generalLedgerEntries",
    "itemCategories",
    "items",
    "journals",
    "paymentMethods",
    "paymentTerms",
    "purchaseInvoices",
    "salesCreditMemos",
    "salesInvoices",
    "salesOrders",
    "salesQuotes",
    "shipmentMethods",
    "unitsOfMeasure",
    "vendors",
)
_RESOURCE = re.compile(r"(?:^|/)api/v2\.0/companies\(([0-9a-fA-F-]{36})\)/(\w+)/?$")
_WRITABLE = frozenset({"notificationUrl", "resource", "clientState"})
_DAYS = 3
_MOST = 200
_LONGEST_STATE = 250
_COLLECTION = 1_000


@dataclass(eq=False)
class Subscription:
    """One subscription and the changes that wait for it, by record: what happened and when."""

    id: str
    url: str
    resource: str
    state: str
    company: str
    set_name: str
    user: str
    root: str
    expires: float
    created: int
    version: int = 1
    modified: int = 0
    pending: dict[str, tuple[str, int]] = field(default_factory=dict)
    since: float = 0.0

    @property
    def etag(self) -> str:
        """The weak ETag."""
        return f'W/"{self.id[:8]};{self.version}"'


class Webhooks:
    """The subscriptions of an environment.

    Fidelity: known business_central §5 – 3 days of life, renewal by PATCH with If-Match and the same handshake
    Fidelity: known business_central §5 – 200 per environment; only some entity sets; over 1,000 changes a collection
    Fidelity: inferred business_central §5 – clientState holds 250 characters, as the metadata of 2018 had it
    """

    def __init__(self, clock: Clock, source: random.Random, companies: Mapping[str, Company]) -> None:
        self.settings = Settings()
        self._clock = clock
        self._random = random.Random(source.getrandbits(64))
        self._companies = companies
        self._subscriptions: dict[str, Subscription] = {}
        self.postman = Postman(clock, self._forget)

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Reply:
        """List, get, create, renew or delete. Raises ApiError."""
        self._expire()
        method = request.call.method
        if len(segments) > 1:
            raise no_segment(segments[1].name)
        if segments[0].key is None:
            if method == "POST":
                return self._create(request)
            if method != "GET":
                raise not_allowed(method, "subscriptions")
            rows = [self._shown(one) for one in self._subscriptions.values()]
            return reply({"@odata.context": f"{request.root}/$metadata#subscriptions", "value": rows})
        found = self._subscriptions.get(segments[0].key)
        if found is None:
            raise no_record("subscriptions", segments[0].key)
        if method == "GET":
            return self._reply(request, found, 200)
        need_match(request.call, found.etag)
        if method == "DELETE":
            del self._subscriptions[found.id]
            return Reply(204)
        if method == "PATCH":
            return self._renew(request, found)
        raise not_allowed(method, "subscriptions")

    def _body(self, request: Request) -> dict[str, str]:
        body = request.json()
        if not isinstance(body, dict):
            raise bad_request("The request body must be a JSON object.")
        given = {name: value for name, value in body.items() if "@" not in name}
        for name, value in given.items():
            if name not in _WRITABLE:
                raise bad_request(f"The property '{name}' cannot be written in a subscription.", READ_ONLY)
            if not isinstance(value, str):
                raise bad_request(f"The property '{name}' must be a string.")
        if len(given.get("clientState", "")) > _LONGEST_STATE:
            raise ApiError(400, "Application_StringExceededLength", "The clientState is too long.")
        return given

    def _create(self, request: Request) -> Reply:
        given = self._body(request)
        for name in ("notificationUrl", "resource"):
            if not given.get(name):
                raise bad_request(f"The parameter '{name}' is required.", MISSING_PARAMETER)
        company, set_name = self._resource(given["resource"])
        if len(self._subscriptions) >= _MOST:
            raise bad_request(f"The number of subscriptions cannot exceed {_MOST}.", "Application_DialogException")
        url = given["notificationUrl"]
        if not url.startswith(("https://", "http://")):
            raise bad_request("The notificationUrl is not valid.")
        for one in self._subscriptions.values():
            if (one.url, one.company, one.set_name) == (url, company, set_name):
                raise bad_request("A subscription for this resource and URL exists already.", SAME_KEY)
        made = Subscription(
            id=f"{self._random.getrandbits(128):032x}",
            url=url,
            resource=given["resource"],
            state=given.get("clientState", ""),
            company=company,
            set_name=set_name,
            user=str(UUID(int=self._random.getrandbits(128), version=4)),
            root=request.root,
            expires=self._clock.now() + _DAYS * 86_400,
            created=int(self._clock.now() * 1000),
        )
        made.modified = made.created
        return self._after_handshake(request, made, 201)

    def _resource(self, text: str) -> tuple[str, str]:
        match = _RESOURCE.search(text)
        if match is None or match[1].lower() not in self._companies:
            raise bad_request(f"The resource '{text[:200]}' is not valid.", "BadRequest_ResourceNotFound")
        if match[2] not in SUPPORTED:
            raise bad_request(f"The entity '{match[2]}' does not support subscriptions.", "BadRequest_InvalidOperation")
        return match[1].lower(), match[2]

    def _renew(self, request: Request, found: Subscription) -> Reply:
        given = self._body(request)
        if "resource" in given and self._resource(given["resource"]) != (found.company, found.set_name):
            raise bad_request("The resource of a subscription cannot be changed.")
        return self._after_handshake(request, found, 200, given)

    def _after_handshake(
        self, request: Request, one: Subscription, status: int, given: Mapping[str, str] | None = None
    ) -> Reply:
        """Fidelity: known business_central §5 – the URL is called with validationToken at create and every renewal."""
        token = f"{self._random.getrandbits(128):032x}"
        told = given or {}
        url = told.get("notificationUrl", one.url)

        async def later() -> Reply:
            if not await self.postman.handshake(url, token):
                text = "The notification URL did not answer 200 with the validation token."
                return bad_request(text, "Application_DialogException").reply(correlation_id(one.version))
            one.url, one.state = url, told.get("clientState", one.state)
            one.expires = self._clock.now() + _DAYS * 86_400
            if status == 200:
                one.version += 1
                one.modified = int(self._clock.now() * 1000)
            self._subscriptions[one.id] = one
            return self._reply(request, one, status)

        return Reply(202, later=later)

    def _reply(self, request: Request, one: Subscription, status: int) -> Reply:
        context = f"{request.root}/$metadata#subscriptions/$entity"
        return reply({"@odata.context": context, **self._shown(one)}, status, {"ETag": one.etag})

    def _shown(self, one: Subscription) -> dict[str, Any]:
        return {
            "@odata.etag": one.etag,
            "subscriptionId": one.id,
            "notificationUrl": one.url,
            "resource": one.resource,
            "timestamp": one.version,
            "userId": one.user,
            "lastModifiedDateTime": iso(one.modified),
            "clientState": one.state,
            "expirationDateTime": iso(int(one.expires * 1000)),
            "systemCreatedAt": iso(one.created),
            "systemCreatedBy": one.user,
            "systemModifiedAt": iso(one.modified),
            "systemModifiedBy": ZERO_GUID,
        }

    def dump(self) -> list[dict[str, Any]]:
        """All subscriptions, with how many changes wait."""
        self._expire()
        return [{**self._shown(one), "waiting": len(one.pending)} for one in self._subscriptions.values()]

    def _expire(self) -> None:
        now = self._clock.now()
        for one in [one for one in self._subscriptions.values() if one.expires <= now]:
            del self._subscriptions[one.id]

    def _forget(self, subscription: str) -> None:
        """Fidelity: known business_central §5 – an answer that is no success and no trouble ends the subscription."""
        self._subscriptions.pop(subscription, None)

    def heard(self, events: list[tuple[Any, ...]]) -> None:
        """Changes that were committed."""
        if not self._subscriptions:
            return
        now = self._clock.now()
        for company, shelf, change, row in events:
            for one in self._subscriptions.values():
                if one.company == company and _concerns(one.set_name, shelf, row):
                    _note(one, change, row, now)
        self.postman.wake(self.settings.webhook_window, self.tick)

    def tick(self, *, all_now: bool = False) -> None:
        """Send what has waited for its window."""
        self._expire()
        now = self._clock.now()
        for one in self._subscriptions.values():
            if one.pending and (all_now or now >= one.since + self.settings.webhook_window):
                self.postman.take(one.url, _mails(one))
                one.pending = {}
        self.postman.deliver(all_now=all_now)


def _concerns(set_name: str, shelf: str, row: Row) -> bool:
    if shelf != "journals":
        return set_name == shelf
    receipts = row.values.get("templateDisplayName") == "KASSE"
    return set_name == ("customerPaymentJournals" if receipts else "journals")


def _note(one: Subscription, change: str, row: Row, now: float) -> None:
    if not one.pending:
        one.since = now
    before = one.pending.get(row.id)
    if before is not None and before[0] == "created" and change == "updated":
        change = "created"
    one.pending[row.id] = (change, row.modified if change != "deleted" else int(now * 1000))


def _mails(one: Subscription) -> list[Mail]:
    """Fidelity: inferred business_central §5 – `resource` is the address of the record, or a filtered list of many."""
    address = f"{one.root}/companies({one.company})/{one.set_name}"

    def mail(resource: str, change: str, modified: int) -> Mail:
        return Mail(
            one.id,
            {
                "subscriptionId": one.id,
                "clientState": one.state,
                "expirationDateTime": iso(int(one.expires * 1000)),
                "resource": resource,
                "changeType": change,
                "lastModifiedDateTime": iso(modified),
            },
        )

    if len(one.pending) > _COLLECTION:
        first = min(modified for _, modified in one.pending.values())
        wanted = f"{address}?$filter=lastModifiedDateTime gt {iso(first - 1)}"
        return [mail(wanted, "collection", max(modified for _, modified in one.pending.values()))]
    return [mail(f"{address}({key})", change, modified) for key, (change, modified) in one.pending.items()]
