"""A client with everything a service can be asked about, and a count of what vendors are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from kobling.access.models import (
    Assignment,
    Client,
    ClientMember,
    Firm,
    FirmMember,
    Onboarding,
    Permission,
    Person,
)
from kobling.access.policy import Actor
from kobling.arriving import incoming, inviting, inviting_clients
from kobling.files import PROFILES, Document, Line
from kobling.hub import runs
from kobling.hub.models import Connection, ExportedDocument, FileExport, Pair, SyncIssue, Table, ToldFigures
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services import exporting, issues, marketplace
from kobling.hub.store import couplings
from kobling.hub.store.couplings import Link
from kobling.jobs.models import Job
from kobling.mail.models import Mail, State
from kobling.mail.outbox import Letter, put
from kobling.mapping import Comparison, FieldMapping, Side, TableMapping, end
from kobling.pairs.base import Bills, PairType, SetUpStep, StepKind
from kobling.pairs.file_exports import FileSource
from kobling.portal.figures import renew
from kobling.portal.models import Deadline
from kobling.sdk.figures import Figure
from kobling.sdk.memory import MemoryConnector
from kobling.sdk.protocols import ConnectorType, InStock
from kobling.sdk.registers import Registered
from kobling.sync.waiting import LoopThread
from tests.engine.bench import Bench, MemorySystem
from tests.services.cast import cast

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WISH = exporting.Wish(PROFILES["spreadsheet-da"])
ANSWER = b"Faktura;Status\n1001;OK"
STEPS = (
    SetUpStep("read", "Read", "…", StepKind.CONFIRM),
    SetUpStep("more", "More", "…", StepKind.CONFIRM, optional=True),
)
NUMBERED = TableMapping(
    name="numbered",
    left="companies",
    right="contacts",
    fields=(
        FieldMapping("name", end("title"), end("Name")),
        FieldMapping("cvr", end("cvr"), end("VatNumber")),
        FieldMapping("number", end("number"), end("Number")),
    ),
    compare=Comparison("number", "cvr", "name"),
)


BILLS = Bills("invoices", lambda _fields: None, credited_by="creditnotes", credit_of="CreditNoteFor")


class Vendor(MemoryConnector):
    """A system that can do all that a connector can."""

    async def figures(self) -> Sequence[Figure]:
        return [Figure("to_export", 3, {})]

    async def in_stock(self, numbers: Sequence[str]) -> Mapping[str, InStock]:
        return {each: InStock(Decimal(1)) for each in numbers}


class Quiet:
    """A register that knows nothing."""

    async def ask(self, country: str, number: str) -> Registered:
        return Registered.UNKNOWN


class CountedLoop(LoopThread):
    """Counts what vendors are asked."""

    calls = 0

    def run(self, waiting: Coroutine[Any, Any, Any]) -> Any:
        self.calls += 1
        return super().run(waiting)


def documents(rows: Any, _codes: Any, _departments: Any) -> Iterator[Document]:
    """Every order of the left system as a document."""
    for source_id, fields in rows["orders"].items():
        line = Line("Vare", Decimal(1), Decimal(10), Decimal(10))
        yield Document("invoice", source_id, fields["subject"], date(2026, 11, 1), "DKK", (line,))


SOURCES = {"left": FileSource("left", "orders", (), "spreadsheet-da", documents)}


class House(Bench):
    """One pair that has run, with a question, a plan, a file, something switched on, and people around it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.waiting.close()
        self.waiting = self.opener.waiting = CountedLoop()
        self.right = MemorySystem(self.clock, "contacts", "invoices", "creditnotes")
        vendors = {"left": Vendor(*self.left.resources.values()), "right": Vendor(*self.right.resources.values())}
        vendors["right"].documents["invoices", "1"] = b"%PDF"
        self.opener.connector_types = {
            name: ConnectorType(name, name, (), (), lambda _settings, _context, system=system: system)
            for name, system in vendors.items()
        }
        kind = replace(self.opener.pair_types["memory"], set_up=STEPS, single_record=lambda _options: True, bills=BILLS)
        self.opener.pair_types = {
            "memory": kind,
            "sold": replace(kind, name="sold"),
            "numbered": PairType("numbered", "N", "left", "right", lambda _options, _schemas: {"numbered": NUMBERED}),
        }
        self.change("customers", permits={"let": ("any", "yes")})
        self._fill()

    def _fill(self) -> None:
        """A conflict and an order first, so that a run has met both."""
        made = self.companies.put({"title": "Alfa", "mail": "a@x.example", "number": "1"})
        self.left.resources["orders"].put({"subject": "1001", "company": made.external_id})
        self.synced = self.run()
        self.companies.edit(made.external_id, {"mail": "b@x.example"})
        self.contacts.edit(self.contacts.all()[0].external_id, {"Email": "c@x.example"})
        self.run()
        self.issue = SyncIssue.objects.get(kind="conflict")
        self.planned = self.run(kind="plan")
        self.waiting_run = runs.ask(self.pair, "operator:test", NOW)
        self.client, self.table = self.pair.client, Table.objects.get(pair=self.pair, name="customers").pk
        self.left_id, self.right_id = str(self.issue.left_id), str(self.issue.right_id)
        self.alone = self.companies.put({"title": "Beta", "number": "2"}).external_id
        self.partner = self.contacts.put({"Name": "Gamma"}).external_id
        self.run_reading_only()
        self.numbered = Pair.objects.create(
            client=self.client, pair_type="numbered", name="numbered", left=self.pair.left, right=self.pair.right
        )
        self.exported = Job.objects.create(
            kind="export_client",
            params={"client": self.client.pk, "by": Actor.operator().key},
            state="done",
            result={"name": "Test ApS", "size": 0},
            asked_by="operator:root",
            asked_at=NOW,
            ended_at=NOW,
            repeatable=True,
        )
        self.job = Job.objects.create(kind="check_up", asked_by="operator:root", asked_at=NOW, repeatable=True)
        self.file = FileExport.objects.create(
            connection=self.pair.left,
            profile="x",
            made_at=NOW,
            made_by="operator:test",
            content=b"",
            sha256=hashlib.sha256(b"").hexdigest(),
            number_of_documents=1,
        )
        ExportedDocument.objects.create(
            export=self.file,
            connection=self.pair.left,
            resource="orders",
            source_id="x",
            number="1001",
            amount=10,
            currency="DKK",
        )
        self.left.resources["orders"].put({"subject": "1002"})
        marketplace.activate(Actor.operator(), self.client, self.opener, "sold", NOW)
        self.day = NOW.date()
        Deadline.objects.create(client=self.client, kind="vat", day=self.day)
        for each in (self.pair.left, self.pair.right):
            Connection.objects.filter(pk=each.pk).update(healthy=True)
            ToldFigures.objects.create(connection=each)
        renew([self.client.pk], NOW)
        self.people = cast(self.client)
        self.member = FirmMember.objects.get(person__username="unassigned")
        self.looks_after = FirmMember.objects.get(person__username="assigned")
        self._invite()
        put(Letter("x@x.example", "x", "x"), NOW, once="bounced", client=self.client)
        Mail.objects.filter(once="bounced").update(state=State.REFUSED)
        self.bounced = Mail.objects.get(once="bounced")

    def _invite(self) -> None:
        """A colleague who has an account of their own and has not answered."""
        Person.objects.filter(username="stranger").update(email="stranger@x.example")
        firm = self.client.firm
        assert firm is not None
        self.firm = firm.pk
        admin, who = self.people["firm_admin"], inviting.Invited("Ny", "stranger@x.example")
        self.invitation = inviting.invite(admin, self.firm, who, NOW, self._link)
        self._arrive(firm)
        Mail.objects.all().delete()

    def _arrive(self, firm: Firm) -> None:
        """Companies on their way in, all of the same administrator, and one without a firm."""
        boss = Person.objects.get(username="company_admin")
        Person.objects.filter(pk=boss.pk).update(email="boss@x.example")
        self.code = incoming.new_join_code(self.people["firm_admin"], firm.pk)
        self.invited, self.incoming, self.coming, self.free = (
            self._comes(boss, name, firm if stage else None, stage)
            for name, stage in (("A", "invited"), ("B", "incoming"), ("C", "verification"), ("D", ""))
        )
        self.away = Client.objects.create(name="F", firm=firm, stage="archived").pk
        wish = inviting_clients.Wish("E", "e@x.example")
        inviting_clients.invite_client(self.people["firm_admin"], firm.pk, wish, NOW, str)
        assigned = FirmMember.objects.get(person__username="assigned")
        Assignment.objects.create(client_id=self.coming, member=assigned)
        Permission.objects.create(client_id=self.coming, name="invoices", state="requested", by_firm=True)

    @staticmethod
    def _comes(boss: Person, name: str, firm: Firm | None, stage: str) -> int:
        made = Client.objects.create(name=name, firm=firm, stage=stage or "active")
        ClientMember.objects.create(client=made, person=boss, role="company_admin")
        if stage:
            answered = NOW if stage == "verification" else None
            Onboarding.objects.create(
                client=made, begun_at=NOW, incoming=stage == "incoming", answered_at=answered, person_at=answered
            )
        return made.pk

    def _link(self, secret: str) -> str:
        self.secret = secret
        return secret

    @property
    def bench(self) -> Workbench:
        return issues.bench_of(self.pair, "customers", self.opener)

    @property
    def links(self) -> list[Link]:
        return list(couplings.by_side(self.bench.table, Side.LEFT, [self.left_id]).values())

    def look_again(self) -> None:
        """Forget what a service that was taken back has left in memory."""
        for each in (self.pair, self.client, self.file, self.issue, self.synced, self.planned, self.waiting_run):
            each.refresh_from_db()
        self.numbered.refresh_from_db()
