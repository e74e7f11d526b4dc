"""The demo's further chapters: every other pair, each for a client of its own, from connecting to proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.cli import output, proving, syncing, watching
from kobling.cli.demo_story import LOOK_ALIKES, ask
from kobling.cli.stand_ins import StandIn, StandIns
from kobling.cli.start import vendors
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Pair
from kobling.hub.services import connections, issues, numbering, pairs, verifying
from kobling.hub.services import syncing as services
from kobling.records import N_
from kobling.sync.comparing import ONLY_LEFT, ONLY_RIGHT, RENUMBERED, UNNUMBERED, Line

_ROUNDS = 3
"""A number that was put right may show that the customer was there all along."""
_SHOWN = 12
_WAITING = ("question", "missing")
VENDORS = ("dataverse", "business_central", "pleo", "recman", "unimicro")


@dataclass
class Chapter:
    """One pair of one client. ``options`` are the pair's."""

    pair_type: str
    client: str
    simulators: StandIns
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.who = Actor.operator("demo")
        self.pair: Pair

    def tell(self) -> bool:
        """Connect, let people work, synchronise, settle, prove. True when both sides are in step, or say what waits."""
        self.connect()
        self.before()
        self.sync()
        self.settle()
        self.after()
        with vendors() as opener:
            report = verifying.verify(self.who, self.pair, opener, most=_SHOWN)
        proving.print_report(report)
        return not [each for each in report.differences if each.kind not in _WAITING]

    def settings(self) -> dict[str, dict[str, str]]:
        """Connector → settings."""
        raise NotImplementedError

    def connect(self) -> None:
        """Make client, connections and pair."""
        client = Client.objects.create(name=self.client, number=str(Client.objects.count() + 1))
        with vendors() as opener:
            for connector, settings in self.settings().items():
                made, health = connections.connect(self.who, client, opener, connector, settings)
                told = {"system": made.connector, "account": health.account_name, "version": health.version}
                output.say(N_("  ✓ %(system)s: %(account)s (%(version)s)"), told)
            self.pair = pairs.create(self.who, client, opener, self.pair_type, dict(self.options))

    def before(self) -> None:
        """What people do before the first run."""

    def after(self) -> None:
        """What there is to see afterwards."""

    def sync(self) -> None:
        """One run."""
        syncing.print_run(watching.do(services.sync(self.who, self.pair, datetime.now(UTC))))

    def settle(self) -> None:
        """Look-alikes are said to be the same, and a second run follows."""
        found = list(issues.listed(self.who, self.pair, kind="maybe_same"))
        if found:
            told = {"number": len(found)}
            output.say(LOOK_ALIKES, told)
            with vendors() as opener:
                for issue in found:
                    issues.settle(self.who, issue, "couple", opener, datetime.now(UTC), why="demo: they are the same")
            output.say(N_("You answer: the same. Nothing was doubled while it waited."))
            self.sync()

    def central(self) -> dict[str, str]:
        """Business Central's settings."""
        system = self.simulators["business_central"]
        given = system.credentials
        place = {name: given[name] for name in ("environment", "company")}
        return {**_entra(system), **place, "base_url": system.url}


class Dynamics(Chapter):
    """Dynamics 365 Sales ↔ Business Central."""

    def settings(self) -> dict[str, dict[str, str]]:
        sales = self.simulators["dataverse"]
        return {"dataverse": {**_entra(sales), "base_url": sales.url}, "business_central": self.central()}


class Third(Chapter):
    """Simply CRM ↔ Business Central, made of mappings only."""

    def settings(self) -> dict[str, dict[str, str]]:
        crm = self.simulators["simply_crm"]
        left = {"base_url": crm.url, "username": crm.credentials["username"]}
        return {
            "simply_crm": {**left, "access_key": crm.credentials["access_key"]},
            "business_central": self.central(),
        }


class Expenses(Chapter):
    """Pleo → Business Central."""

    def settings(self) -> dict[str, dict[str, str]]:
        pleo = self.simulators["pleo"]
        left = {"api_key": pleo.credentials["api_key"], "base_url": pleo.url, "requests_per_window": "0"}
        journal = {"journal_template": "STANDARD", "journal_batch": "DAGLIG"}
        return {"pleo": left, "business_central": {**self.central(), **journal}}

    def before(self) -> None:
        """Accounts become categories; then somebody exports what the month brought."""
        self.sync()
        job = ask(self.simulators["pleo"].control_url, "POST", "records/export-jobs", {})
        self.job = job["id"]
        output.say(N_("  In Pleo somebody exports everything that waits."))

    def after(self) -> None:
        """What Pleo heard."""
        told = ask(self.simulators["pleo"].control_url, "GET", "dump/export-job-items")
        good = sum(each["status"] == "successful" for each in told)
        words = {"good": good, "bad": len(told) - good}
        output.say(N_("  %(good)s drafts with receipts; %(bad)s held back, each with its reason in Pleo:"), words)
        reasons = {str(each["failureReason"]) for each in told if each["status"] == "failed"}
        for reason in sorted(reasons)[:3]:
            output.out.print(f"    – {reason}", markup=False)


class Staffing(Chapter):
    """RecMan → Unimicro."""

    def settings(self) -> dict[str, dict[str, str]]:
        recman, unimicro = self.simulators["recman"], self.simulators["unimicro"]
        given = unimicro.credentials
        signed = {name: given[name] for name in ("certificate", "certificate_password")}
        urls = {"identity_url": unimicro.url, "base_url": unimicro.url}
        right = {"sign_in": "certificate", "client_id": given["server_client_id"], **signed, **urls}
        return {"recman": {"key": recman.credentials["key"], "base_url": recman.url}, "unimicro": right}

    def before(self) -> None:
        """Customer numbers are compared, and every difference is settled."""
        with vendors() as opener:
            found = numbering.compare(self.who, self.pair, opener)
            output.say(N_("  Customer numbers: %(open)s must be settled first."), {"open": found.open.total()})
            for _ in range(_ROUNDS):
                for line in found.lines:
                    self._settle(opener, line)
                found = numbering.compare(self.who, self.pair, opener)
            for kind in (ONLY_LEFT, ONLY_RIGHT):
                numbering.settle_all(self.who, self.pair, opener, kind, datetime.now(UTC), "demo")
        output.say(N_("  Settled: the same customer, a number put right in RecMan, or left alone."))

    def after(self) -> None:
        """A product that was missing is made in Unimicro; what waited for it goes."""
        output.say(N_("  In Unimicro somebody makes the product that invoices waited for."))
        values = {"PartName": "HMS-KURS", "Name": "HMS-kurs for ledere"}
        ask(self.simulators["unimicro"].control_url, "POST", "records/products", values)
        self.sync()

    def _settle(self, opener: Opener, line: Line) -> None:
        if line.left is None or line.kind == ONLY_LEFT:
            return
        if line.kind == RENUMBERED and line.right is not None:
            pair = (line.left.external_id, line.right.external_id)
            numbering.settle(self.who, self.pair, opener, "same", *pair, datetime.now(UTC), "demo")
            return
        known = line.right.number if line.right and line.kind == UNNUMBERED else ""
        company = line.left.external_id
        values = {"companyNumber": known or str(800_000 + int(company))}
        ask(self.simulators["recman"].control_url, "PATCH", f"records/company/{company}", values)


def chapters(simulators: StandIns) -> list[Chapter]:
    """Every pair but the first."""
    expenses = {"contra_card": "5840", "contra_pocket": "5910", "contra_reimbursement": "5840"}
    expenses["transfers_account"] = "5910"
    staffing = {"invoices_from": "2000-01-01", "vat_codes": "25=3,15=31,12=33,0=6"}
    return [
        Dynamics("dynamics-sales-business-central", "Maskinfabrikken Vest A/S", simulators),
        Third("simply-crm-business-central", "Værkstedet Øst ApS", simulators),
        Expenses("pleo-business-central", "Tegnestuen Nord ApS", simulators, expenses),
        Staffing("recman-unimicro", "Fjordbemanning AS", simulators, staffing),
    ]


def _entra(system: StandIn) -> dict[str, str]:
    wanted = ("tenant", "client_id", "client_secret", "authority")
    return {name: system.credentials[name] for name in wanted} | {"requests_per_window": "0"}
