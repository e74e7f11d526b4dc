"""Plays the 143 recordings about invoices, one after another, against one simulated installation.

Everything the real server had made by then is made here too, so that ids, numbers of series, ids of lines, stamps and
stock come out equal and nothing has to be mapped. What the recordings do not hold but the server went through (saves on
the edit screen, the recycle bin, thirty invoices in a row) is done where it happened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.wire import Reply
from tests.simulators.crm import Crm, result

RECORDINGS = Path(__file__).parent / "recordings"
_STAMP = re.compile(r'"modifiedtime": "([^"]+)"')
_RECORD = re.compile(r'"(?:7|11|12|14|26)x(\d+)"')
_MASTER_RECORDS = 9
CVR = {"module": "Accounts", "name": "cf_901", "label": "CVR"}
_CHARGE = "shipping_&_handling"
_HEADER = (
    *("subject", "account_id", "invoicedate", "duedate", "invoicestatus", "currency_id", "conversion_rate"),
    *("hdnTaxType", "hdnDiscountPercent", "hdnDiscountAmount", "txtAdjustment", "received", "bill_street"),
    *("ship_street", "modifiedby", "assigned_user_id"),
)
_LINE = ("productid", "quantity", "listprice", "discount_percent", "discount_amount", "comment")
SAVED_ON_SCREEN = (
    "70_screen_group",
    "71_screen_individual_mixed",
    "72_screen_group_header_amount_line_discounts",
    "72_screen_individual_header_percent",
    "73_screen_shipping_adjustment_received",
    "74_screen_eur",
    "75_screen_credit",
    "76_screen_then_revise_lines",
    "76_screen_then_revise_status",
    "84_stock_individual_from_screen",
    "87_stock_screen_group_then_revise_lines",
)
BINNED_AND_RESTORED = ("67_binned_on_screen_then_restored", "67_delete_then_restored")
Renumber = Callable[[Any], Any]


@dataclass
class Step:
    """A call and what the real server answered to it."""

    params: dict[str, Any]
    method: str
    status: int
    body: Any

    @property
    def operation(self) -> str:
        return self.params["operation"]

    @property
    def what(self) -> str:
        return " ".join([self.operation, str({k: v for k, v in self.params.items() if k != "sessionName"})[:200]])


@dataclass
class Answer:
    """A call that was played, with both answers."""

    step: Step
    reply: Reply


@cache
def recording(name: str) -> dict[str, Any]:
    return json.loads((RECORDINGS / f"inv_{name}.json").read_text())


def names() -> list[str]:
    """All recordings in the order in which the server made their records."""
    found = [path.stem.removeprefix("inv_") for path in RECORDINGS.glob("inv_*.json")]
    return sorted(found, key=lambda name: (_last_record(name), name))


def _last_record(name: str) -> int:
    text = (RECORDINGS / f"inv_{name}.json").read_text()
    return max((int(number) for number in _RECORD.findall(text) if int(number) > _MASTER_RECORDS), default=0)


def result_of(name: str) -> Any:
    return recording(name)["body"]["result"]


def local_set_up() -> dict[str, Any]:
    """Taxes and currencies as recordings 00 and 02 tell of them, as knobs of the simulator."""
    server = recording("00_master_data")["server"]
    names = {"currency_name": "name", "currency_code": "code", "currency_symbol": "symbol", "conversion_rate": "rate"}
    currencies = [{names[key]: row[key] for key in names} for row in result_of("02_query_Currency")]
    return {"taxes": server["taxes"], "shipping_taxes": server["shipping_taxes"], "currencies": currencies}


class Replay:
    """One installation and what it answered, by recording.

    Another installation can have other numbers for the same taxes: renumber turns what was recorded into its terms.
    """

    def __init__(self, local: dict[str, Any] | None = None, renumber: Renumber = lambda recorded: recorded) -> None:
        self._renumber = renumber
        self.crm = Crm(**(local or local_set_up()), custom_fields=[CVR])
        self.crm.clock.freeze(_seconds("2026-11-29 15:39:37"))
        self.crm.login()
        self.answers: dict[str, list[Answer]] = {}

    def play_all(self) -> Replay:
        for name in names():
            if name == "69_query_star_full_page":
                self._thirty_invoices()
            self.play(name)
        return self

    def play(self, name: str) -> None:
        self.crm.simulator.configure({"php8": recording(name).get("server") == "stock"})
        self.answers[name] = []
        own = self._steps(name)
        for at, step in enumerate(own):
            for moment in _moments(own[at:]):
                self.crm.clock.freeze(max(self.crm.clock.now(), _seconds(moment)))
            self._by_hand(name, at, own)
            self.answers[name].append(Answer(step, self._ask(step)))

    def _steps(self, name: str) -> list[Step]:
        read = recording(name)
        every = (*read.get("before", []), read, *read.get("after", []))
        return [
            Step(self._renumber(one["request"]["params"]), one["request"]["method"], one["http_status"], body)
            for one in every
            for body in [self._renumber(one["body"])]
        ]

    def _ask(self, step: Step) -> Reply:
        given = {key: value for key, value in step.params.items() if key != "operation"}
        given["sessionName"] = self.crm.session
        if isinstance(given.get("element"), dict):
            given["element"] = json.dumps(given["element"])
        send = self.crm.get if step.method == "GET" else self.crm.post
        return send(step.operation, **given)

    def _by_hand(self, name: str, at: int, own: list[Step]) -> None:
        """What somebody did on the screens just before a step."""
        person = self.crm.simulator
        if at == 0 and name in SAVED_ON_SCREEN:
            first_read = next(step for step in own if step.operation == "retrieve")
            person.create_as_person("Invoice", self._typed(first_read.body["result"]))
        elif at == 1 and name == "77_made_by_web_service_then_edited_on_screen":
            edited = own[1].body["result"]
            person.edit_as_person("Invoice", edited["id"], self._typed(edited))
        elif at == 1 and name == "67_binned_on_screen_then_restored":
            person.delete_as_person("Invoice", own[0].body["result"]["id"])
        elif at == len(own) - 3 and name in BINNED_AND_RESTORED:
            person.edit_as_person("Invoice", own[0].body["result"]["id"], {"deleted": "0", "modifiedby": "19x1"})

    def _typed(self, shown: dict[str, Any]) -> dict[str, Any]:
        """What a person typed into the edit screen to get an invoice that retrieve shows so; no sum is among it."""
        header = {name: value for name, value in shown.items() if name in _HEADER or name.startswith(_CHARGE)}
        lines = [
            {name: value for name, value in line.items() if value and (name in _LINE or name.startswith("tax"))}
            for line in shown["LineItems"]
        ]
        return {**header, "LineItems": lines}

    def _thirty_invoices(self) -> None:
        element = dict(self._steps("69_query_star_pages_count_lines")[0].params["element"])
        line = {**element["LineItems"][0], "quantity": "1"}
        for number in range(30):
            element |= {"subject": f"Faktura {101 + number}", "LineItems": [line] * 4}
            result(self.crm.signed("create", elementType="Invoice", element=element))


def _moments(following: list[Step]) -> Iterator[str]:
    """When the first step of these was: the stamp of the first answer that has one."""
    for step in following:
        found = _STAMP.findall(json.dumps(step.body))
        if found:
            yield max(found)
            return


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()
