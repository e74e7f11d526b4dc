"""A small Dinero client for tests: calls the simulator directly, without a socket."""

from __future__ import annotations

import base64
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import strategies as st

from kobling_simulators import Clock, build
from kobling_simulators.wire import Call, Reply, from_json, to_json
from tests.simulators.crm import POST, START

CONTACT = {"Name": "Bøgh & Søn ApS", "CountryKey": "DK", "IsPerson": False, "IsMember": False, "UseCvr": False}
LINE = {
    "Description": "Vare",
    "BaseAmountValue": 100,
    "Quantity": 1,
    "AccountNumber": 1000,
    "Unit": "parts",
    "Discount": 0,
}


CENT = Decimal("0.01")


class Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.body)
        self.status = reply.status
        self.body = from_json(reply.body) if reply.content_type == "application/json" else {}
        self.code = self.body.get("code")
        self.fields = self.body.get("validationErrors", {})


class Dinero:
    """A simulated Dinero with a frozen clock and a personal token; its limit is off unless asked for."""

    def __init__(self, records: int = 0, *, limited: bool = False, **config: Any) -> None:
        self.clock = Clock(lambda: START)
        self.simulator: Any = build("dinero", clock=self.clock, seed=1, records=records)
        self.simulator.configure(config)
        if not limited:
            self.simulator.set_limits({"enabled": False})
        self.credentials = self.simulator.credentials()
        self.organization = self.credentials["organization_id"]
        self.token = from_json(self.sign_in().body)["access_token"]

    def form(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Reply:
        body = urlencode(fields).encode()
        return self.simulator.answer(Call("POST", path, {}, {**POST, **(headers or {})}, body))

    def basic(self, user: str | None = None, secret: str | None = None) -> dict[str, str]:
        pair = f"{user or self.credentials['client_id']}:{secret or self.credentials['client_secret']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def sign_in(self, **changed: str) -> Reply:
        key = self.credentials["api_key"]
        fields = {"grant_type": "password", "scope": "read write", "username": key, "password": key, **changed}
        return self.form("/dineroapi/oauth/token", self.basic(), **fields)

    def raw(self, method: str, address: str, body: Any = None, **query: Any) -> Reply:
        """An answer as it comes; address is "version path", the organization is put between."""
        version, _, path = address.partition(" ")
        data = body if isinstance(body, bytes) else b"" if body is None else to_json(body)
        texts = {name: str(value) for name, value in query.items()}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        call = Call(method, f"/{version}/{self.organization}/{path}", texts, headers, data)
        refusal = self.simulator.over_limit(call)
        return refusal or self.simulator.answer(call)

    def do(self, method: str, address: str, body: Any = None, **query: Any) -> Any:
        """The JSON of a good answer, None when empty. Raises Refused."""
        reply = self.raw(method, address, body, **query)
        if reply.status != 200:
            raise Refused(reply)
        return from_json(reply.body) if reply.body else None

    def get(self, address: str, **query: Any) -> Any:
        return self.do("GET", address, None, **query)

    def rows(self, address: str, **query: Any) -> list[dict[str, Any]]:
        return self.get(address, **query)["Collection"]

    def contact(self, **values: Any) -> str:
        return self.do("POST", "v1 contacts", {**CONTACT, **values})["ContactGuid"]

    def product(self, **values: Any) -> str:
        body = {"Name": "Vare", "BaseAmountValue": 10, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts", **values}
        return self.do("POST", "v1 products", body)["ProductGuid"]

    def draft(self, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        body = {"ProductLines": [{**LINE, **line} for line in lines or ({},)], **values}
        body.setdefault("ContactGuid", self.contact())
        return self.do("POST", "v1 invoices", body)

    def book(self, made: dict[str, Any], kind: str = "invoices", **more: Any) -> dict[str, Any]:
        return self.do("POST", f"v1 {kind}/{made['Guid']}/book", {"Timestamp": made["TimeStamp"], **more})

    def booked(self, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
        return self.book(self.draft(*lines, **values))

    def pay(self, invoice: dict[str, Any], amount: Any, **more: Any) -> dict[str, Any]:
        body = {
            "Timestamp": invoice["TimeStamp"],
            "DepositAccountNumber": 55000,
            "RemainderIsFee": False,
            "Description": "Indbetaling",
            "Amount": amount,
            **more,
        }
        return self.do("POST", f"v1 invoices/{invoice['Guid']}/payments", body)

    def invoice(self, guid: str) -> dict[str, Any]:
        return self.get(f"v1 invoices/{guid}")


def refusal(dinero: Dinero, method: str, address: str, body: Any = None) -> Refused:
    """The refusal that a call must end in."""
    with pytest.raises(Refused) as refused:
        dinero.do(method, address, body)
    return refused.value


def ore(amount: Decimal) -> Decimal:
    """Rounded as invoices are."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def balances(dinero: Dinero) -> dict[int, Decimal]:
    """The books' balance of each account."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for entry in dinero.simulator.dump("entries"):
        sums[entry["AccountNumber"]] += entry["Amount"]
    return sums


lines = st.lists(
    st.tuples(
        st.decimals("-9999", "9999", places=3),
        st.decimals("0.01", "99", places=2),
        st.sampled_from([0, 10, Decimal("12.5"), 100]),
        st.sampled_from([1000, 1010, 1050, 1100]),
    ),
    min_size=1,
    max_size=6,
)
