"""Odd requests to every entity set of Business Central: each is answered, and the ledger stays in balance."""

from __future__ import annotations

import random
from typing import Any

import pytest

from kobling_simulators import Clock, build
from kobling_simulators.business_central.facts import EntitySet, custom_api, standard, web_services
from kobling_simulators.entra.tokens import issue
from kobling_simulators.wire import Call, from_json, to_json
from tests.simulators.central import AUDIENCE, START

ODD: list[Any] = [None, "", 0, -1, 1.5, "x" * 300, True, [], {}, [{}], ["a"], 10**12, "_x0020_", "Item", "Customer"]
ODD += [
    "EUR",
    "1010",
    "2026-01-01",
    "0001-01-01",
    "9999-12-31",
    "2026-01-01T00:00:00Z",
    "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
]
LITERALS = ("'a'", "1", "2026-01-01", "2026-01-01T00:00:00Z", "true", "11111111-1111-1111-1111-111111111111", "null")


class Prober:
    """Calls the simulator directly, so that an error in it is seen as such."""

    def __init__(self, **config: Any) -> None:
        self.simulator: Any = build("business_central", clock=Clock(lambda: START), seed=1, records=30)
        self.simulator.configure(config)
        known, who = self.simulator.credentials(), self.simulator.gate.directory
        self.known = known
        self.token = issue(
            1,
            audience=AUDIENCE,
            tenant=who.tenant,
            kind="app",
            app_id=who.app.client_id,
            object_id=who.app.object_id,
            name="",
            now=START,
            life=3600,
            token_id="x",
            scopes=frozenset({"API.ReadWrite.All"}),
        )
        self.base = f"/v2.0/{known['tenant']}/Production"

    def do(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "If-Match": "*"}
        data = b"" if body is None else to_json(body)
        reply = self.simulator.answer(Call(method, path, query, headers, data))
        assert reply.status < 500 or reply.status == 501, (method, path, body, query, reply)
        return from_json(reply.body) if reply.body.startswith(b"{") else {}


def probe(prober: Prober, path: str, one: EntitySet, source: random.Random) -> None:
    """Filters, orders, bodies, parents and actions of one entity set."""
    rows = prober.do("GET", path, **{"$top": "2", "$count": "true"}).get("value", [])
    for name in one.properties:
        prober.do("GET", path, **{"$orderby": f"{name} desc,{one.key.partition(',')[0]}", "$top": "1"})
        for literal in LITERALS:
            prober.do("GET", path, **{"$filter": f"{name} ge {literal} or {name} eq {literal}", "$top": "1"})
    for _ in range(12):
        body = {name: source.choice(ODD) for name in source.sample(list(one.properties), min(len(one.properties), 2))}
        if one.navigation:
            body[source.choice(list(one.navigation))] = source.choice([[], [{}], [{"quantity": 1}], {}, None, [1]])
        prober.do("POST", path, body)
        for row in rows:
            record = f"{path}({row.get('id', 'x')})"
            prober.do("PATCH", record, body)
            for name in one.navigation:
                prober.do("GET", f"{record}/{name}")
                prober.do("POST", f"{record}/{name}", body)
    for row in rows:
        for action in one.actions:
            prober.do("POST", f"{path}({row['id']})/Microsoft.NAV.{action}")
        prober.do("DELETE", f"{path}({row.get('id', 'x')})")


@pytest.mark.parametrize("seed", [1, 2])
def test_no_odd_request_breaks_the_standard_api(seed: int) -> None:
    prober, source = Prober(), random.Random(seed)
    for name, one in standard().sets.items():
        if name not in ("companies", "subscriptions"):
            probe(prober, f"{prober.base}/api/v2.0/companies({prober.known['company_id']})/{name}", one, source)
    assert sum(row["netChange"] for row in prober.simulator.dump("accounts")) == 0
    assert all(prober.simulator.dump(name) is not None for name in prober.simulator.entities())


def test_no_odd_request_breaks_own_pages_and_web_services() -> None:
    source = random.Random(3)
    prober = Prober(extensions="api")
    for name, one in custom_api().sets.items():
        root = f"{prober.base}/api/kobling/masterdata/v1.0/companies({prober.known['company_id']})"
        probe(prober, f"{root}/{name}", one, source)
    prober = Prober(extensions="odata")
    for name, one in web_services().sets.items():
        probe(prober, f"{prober.base}/ODataV4/Company('{prober.known['company']}')/{name}", one, source)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/v2.0",
        "/v2.0/Production/api/v2.0/",
        "/v2.0/x/y/z",
        "/api",
        "/%00",
        "/v2.0/Production/api/v2.0/companies('x)",
    ],
)
def test_no_odd_address_breaks_it(path: str) -> None:
    prober = Prober()
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        prober.do(method, path)
