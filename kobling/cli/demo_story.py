"""The demo's story: set-up, first sync, edits on both sides, a conflict, a payment, proof."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

from rich.markup import escape

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.cli import output, proving, syncing, watching
from kobling.cli.stand_ins import StandIn, StandIns
from kobling.cli.start import vendors
from kobling.hub.models import Coupling, Pair, Run, WriteIntent
from kobling.hub.services import connections, history, issues, overview, pairs, plans, verifying
from kobling.hub.services import syncing as services
from kobling.hub.told.said import filled
from kobling.records import N_, NP_

NAME = "simply-crm-dinero"
ZERO = Decimal(0)


LOOK_ALIKES = NP_(
    "%(number)s record looks like another one but carries no common number, so Kobling asks:",
    "%(number)s records look alike but carry no common number, so Kobling asks:",
)


class Story:
    """One telling. Simulator limits are off, so that nobody waits for a vendor that is not there."""

    def __init__(self, simulators: StandIns) -> None:
        self.crm: StandIn = simulators["simply_crm"]
        self.dinero: StandIn = simulators["dinero"]
        self.who = Actor.operator("demo")
        self.pair: Pair
        self.began = datetime.now(UTC)

    def tell(self) -> bool:
        """Tell it; True when everything is in step at the end."""
        self._title(N_("1. Two systems that know nothing of each other"))
        self._connect()
        self._title(N_("2. What would happen? A plan, nothing sent"))
        self._plan()
        self._title(N_("3. The first full synchronisation"))
        self._sync()
        self._title(N_("4. What only a person can know"))
        self._settle_questions()
        self._title(N_("5. People go on working: edits on both sides, a payment, and a real conflict"))
        conflicted = self._edit_both()
        self._sync()
        self._settle_conflict(conflicted)
        self._title(N_("6. Proof: both sides read afresh"))
        report = self._verify()
        self._title(N_("Summary"))
        self._summary(conflicted, report)
        return report.in_step

    def _connect(self) -> None:
        ask(self.dinero.control_url, "POST", "limits", {"enabled": False})
        client = Client.objects.create(name="Kobling Prøvefirma ApS", number="1")
        with vendors() as opener:
            for connector, settings in (("simply_crm", self._crm_settings()), ("dinero", self._dinero_settings())):
                made, health = connections.connect(self.who, client, opener, connector, settings)
                told = {"system": connector, "account": health.account_name, "version": health.version}
                output.say(N_("  ✓ %(system)s: %(account)s (%(version)s)"), told)
                del made
            options = {"invoices_from": "all", "booking": "when_approved", "sales_account_without_vat": "1100"}
            self.pair = pairs.create(self.who, client, opener, NAME, options)

    def _crm_settings(self) -> dict[str, str]:
        given = self.crm.credentials
        return {"base_url": self.crm.url, "username": given["username"], "access_key": given["access_key"]}

    def _dinero_settings(self) -> dict[str, str]:
        given, url = self.dinero.credentials, self.dinero.url
        wanted = ("organization_id", "client_id", "client_secret", "api_key")
        return {name: given[name] for name in wanted} | {
            "base_url": url,
            "token_url": f"{url}/dineroapi/oauth/token",
            "requests_per_window": "0",
        }

    def _plan(self) -> None:
        run = watching.do(services.plan(self.who, self.pair, datetime.now(UTC)))
        summary = plans.summarise(self.who, run, 0)
        rows = [(table, _in_words(kind), n) for table, counts in summary.counts.items() for kind, n in counts.items()]
        output.table("", tuple(output.translated(each) for each in ("Table", "What", "Count")), rows)
        for (vat, currency), amount in summary.amounts.items():
            told = {"amount": output.cell(amount), "currency": currency, "vat": vat}
            output.say(N_("  Invoices for %(amount)s %(currency)s excluding VAT, at %(vat)s VAT."), told)

    def _sync(self) -> Run:
        run = watching.do(services.sync(self.who, self.pair, datetime.now(UTC)))
        syncing.print_run(run)
        return run

    def _settle_questions(self) -> None:
        found = list(issues.listed(self.who, self.pair, kind="maybe_same"))
        told = {"number": len(found)}
        output.say(LOOK_ALIKES, told)
        with vendors() as opener:
            for issue in found:
                output.out.print(f"  {escape(issue.title)}: {escape(filled(issue.reason))}")
                issues.settle(self.who, issue, "couple", opener, datetime.now(UTC), why="demo: they are the same")
        output.say(N_("You answer: the same. Nothing was doubled while it waited."))
        self._sync()

    def _edit_both(self) -> Coupling:
        """Different fields of one customer, the same field of another, and a payment in Dinero."""
        peaceful, conflicted = self._two_organisations()
        self._edit(self.crm, "Accounts", peaceful.left_id, {"phone": "+45 70 10 20 30"})
        self._edit(self.dinero, "contacts", peaceful.right_id, {"Street": "Ny Vej 12"})
        self._edit(self.crm, "Accounts", conflicted.left_id, {"bill_city": "Aarhus C"})
        self._edit(self.dinero, "contacts", conflicted.right_id, {"City": "Århus C"})
        output.say(N_("  CRM: a new phone number. Dinero: a new street, same customer. Both will survive."))
        output.say(N_("  Another customer's city: the CRM says Aarhus C, Dinero says Århus C. That is a conflict."))
        self._pay()
        return conflicted

    def _two_organisations(self) -> tuple[Coupling, Coupling]:
        found = Coupling.objects.filter(table__pair=self.pair, table__name="organisations").order_by("left_id")[:2]
        return found[0], found[1]

    def _pay(self) -> None:
        for each in ask(self.dinero.control_url, "GET", "dump/invoices"):
            unpaid = each.get("Status") == "Booked" and each.get("PaymentStatus") in ("Booked", "Overdue")
            coupled = Coupling.objects.filter(table__name="invoices", right_id=each.get("Guid")).exists()
            if unpaid and coupled and each.get("Currency") == "DKK":
                payment = {"Amount": each["TotalInclVat"], "DepositAccountNumber": 55000, "RemainderIsFee": False}
                self._edit(self.dinero, "invoices", each["Guid"], {"Pay": {**payment, "Description": "Betaling"}})
                told = {"number": each["Number"], "amount": output.amount(Decimal(str(each["TotalInclVat"])))}
                output.say(N_("  Dinero: invoice %(number)s is paid in full (%(amount)s DKK)."), told)
                return

    def _settle_conflict(self, conflicted: Coupling) -> None:
        with vendors() as opener:
            for issue in issues.listed(self.who, self.pair, kind="conflict"):
                fields = issues.details(issue)["fields"]
                for field, (base, left, right) in fields.items():
                    told = {"title": issue.title, "field": field, "base": base, "left": left, "right": right}
                    line = N_("  %(title)s, %(field)s: was “%(base)s”; the CRM says “%(left)s”, Dinero “%(right)s”.")
                    output.say(line, told)
                issues.settle(self.who, issue, "left", opener, datetime.now(UTC), why="demo: the CRM is right")
        output.say(N_("You answer: the CRM is right. Dinero's word stays in the history."))
        self._sync()

    def _verify(self) -> verifying.Report:
        with vendors() as opener:
            report = verifying.verify(self.who, self.pair, opener)
        proving.print_report(report)
        return report

    def _summary(self, conflicted: Coupling, report: verifying.Report) -> None:
        seconds = (datetime.now(UTC) - self.began).total_seconds()
        told: dict[str, Any] = {
            "couplings": Coupling.objects.filter(table__pair=self.pair).count(),
            "writes": WriteIntent.objects.filter(run__pair=self.pair, state="confirmed").count(),
            "requests": sum(ask(each.control_url, "GET", "counters")["requests"] for each in (self.crm, self.dinero)),
            "seconds": f"{seconds:.0f}",
        }
        output.say(N_("  %(couplings)s pairs of records are kept in step."), told)
        line = N_("  %(writes)s writes, each journaled before it was sent; %(requests)s requests; %(seconds)s seconds.")
        output.say(line, told)
        with vendors() as opener:
            customers = overview.payments(self.who, self.pair, opener, datetime.now(UTC).date())
        sums = [each.sums().get("DKK", {}) for each in customers]
        kinds = ("paid", "open", "overdue")
        money = {kind: output.amount(sum((each.get(kind, ZERO) for each in sums), ZERO)) for kind in kinds}
        output.say(N_("  Booked invoices: %(paid)s DKK paid, %(open)s open, %(overdue)s overdue."), money)
        self._why(conflicted)
        if report.in_step:
            output.say(N_("Everything is in step."), style="bold green")
        else:
            output.say(N_("Not everything is in step; see above."), style="bold red")

    def _why(self, conflicted: Coupling) -> None:
        output.say(N_("  Why is that city as it is?"))
        found = history.history(self.who, self.pair, conflicted.left_id)
        for each in [change for change in found.changes if change.field == "city"][:3]:
            told = {"before": each.before or "", "after": each.after or "", "side": each.side}
            told |= {"run": each.run}
            line = N_("    “%(before)s” → “%(after)s” on the %(side)s side, run %(run)s: ")
            output.out.print(escape(filled(line, told) + filled(each.reason)))

    def _edit(self, system: StandIn, entity: str, key: str, values: dict[str, Any]) -> None:
        ask(system.control_url, "PATCH", f"records/{entity}/{key}", values)

    def _title(self, text: str) -> None:
        output.out.print()
        output.out.rule(escape(output.translated(text)), align="left", style="dim")


def ask(control_url: str, method: str, path: str, body: Any = None) -> Any:
    """Ask a simulator's control port, as a person in the vendor's own screens would act."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{control_url}/{path}", data=data, method=method)  # noqa: S310 - our own simulator's address
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def _in_words(kind: str) -> str:
    do, _, side = kind.partition("_")
    where = {"left": "CRM", "right": "Dinero"}.get(side, "")
    return f"{output.shown(do)} → {where}" if where else output.shown(do)
