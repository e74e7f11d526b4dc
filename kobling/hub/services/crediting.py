"""Credit notes for booked invoices: drafted once, journaled like every write, booked by a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import PlanChunk, Run, WriteIntent
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.log import record
from kobling.hub.store import journal
from kobling.mapping import Side
from kobling.pairs.base import Bills
from kobling.records import N_, NotThere, SettingsError, Unsafe
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Outcome
from kobling.sdk.protocols import Operation, Resource, Write
from kobling.sync.execute import create_key

KIND = "credit_notes"
OPERATION = "creditnote"
REASON = N_("Undone by a person.")


def draft_credit_notes(
    actor: Actor, run: Run, posted: Mapping[tuple[str, str], str], opener: Opener, why: str = ""
) -> list[str]:
    """Draft a credit note for each booked invoice ((table, external id) → title). Returns the notes' ids.

    A note that was drafted before, or whose answer was lost, is found again, so that asking twice makes one. Raises
    SettingsError where the system takes no credit notes, Unsafe when nobody can say what became of one.
    """
    require(actor, Doing.WORK, run.pair.client)
    if not posted:
        return []
    bills = opener.pair_type(run.pair).bills
    resource = opener.connector(run.pair.right).resources.get(bills.credited_by) if bills else None
    if bills is None or resource is None:
        raise SettingsError(N_("This system takes no credit notes from here."), code="no_credit_notes")
    now = opener.clock.now()
    runs.let_go_of_dead(now)
    asked = runs.ask(run.pair, actor.key, now, kind=KIND, why=why, undoes=run.pk)
    if runs.claim_this(asked.pk, actor.key, now) is None:
        runs.cancel(asked.pk, now)
        raise Unsafe(N_("A run is going on. Try again when it has ended."), code="run_going_on")
    epoch = runs.new_attempt(asked.pk, actor.key)
    notes: list[str] = []
    state = runs.FAILED
    try:
        benches = opener.benches(run.pair)
        for position, ((table, invoice), _title) in enumerate(posted.items()):
            notes.append(_Draft(asked.pk, epoch, position, benches[table], invoice, resource, bills, opener).note())
        state = runs.DONE
    finally:
        runs.end(asked.pk, epoch, state, opener.clock.now())
    record(actor, run.pair.client, What.CREDITED, f"{run.pair.name} #{run.pk}", after=notes, why=why)
    return notes


class _Draft:
    """One credit note."""

    def __init__(
        self,
        run: int,
        epoch: int,
        position: int,
        bench: Workbench,
        invoice: str,
        resource: Resource,
        bills: Bills,
        opener: Opener,
    ) -> None:
        self.bills = bills
        self.run, self.epoch, self.position = run, epoch, position
        self.bench, self.invoice, self.resource, self.opener = bench, invoice, resource, opener

    def note(self) -> str:
        """The note's id: the one drafted before, the one found, or a new one."""
        known = WriteIntent.objects.filter(table_id=self.bench.table, source_id=self.invoice, operation=OPERATION)
        for each in known.order_by("-id"):
            if each.state == "confirmed" and each.external_id and self._exists(each.external_id):
                return each.external_id
            if each.state == "open" and (found := self._find(each.opened_at)) is not None:
                self._close(each.chunk_id, each.position, found)
                return found
            if each.state == "open":
                journal.withdraw(each.chunk_id, [each.position])
        return self._make()

    def _exists(self, note: str) -> bool:
        try:
            self.opener.waiting.run(self.resource.get(note))
        except NotThere:
            return False
        return True

    def _write(self, started_at: datetime) -> Write:
        key = create_key(self.bench.pair_uid, "creditnotes", Side.RIGHT, self.invoice, 0)
        return Write(key, Operation.CREATE, {self.bills.credit_of: self.invoice}, started_at=started_at)

    def _find(self, started_at: datetime) -> str | None:
        found = self.opener.waiting.run(self.resource.find_created(self._write(started_at)))
        return None if found is None else found.external_id

    def _make(self) -> str:
        now = self.opener.clock.now()
        chunk = PlanChunk.objects.create(
            run_id=self.run, table_id=self.bench.table, seq=self.position, actions="[]", side=Side.RIGHT.value
        )
        write = self._write(now)
        intent = journal.Intent(
            chunk=chunk.pk,
            position=0,
            table=self.bench.table,
            side=Side.RIGHT.value,
            operation=OPERATION,
            key=write.key,
            source_id=self.invoice,
            external_id=None,
            coupling=None,
            changes={},
            reason=REASON,
        )
        journal.open_intents(self.run, self.epoch, [intent], now)
        outcomes: list[Outcome] = []
        try:
            self.opener.waiting.run(self.resource.write([write], outcomes.append))
        finally:
            if outcomes and isinstance(outcomes[0], Declined | NotSent):
                journal.withdraw(chunk.pk, [0])
        outcome = outcomes[0]
        if not isinstance(outcome, Confirmed):
            raise outcome.error
        self._close(chunk.pk, 0, outcome.external_id)
        return outcome.external_id

    def _close(self, chunk: int, position: int, note: str) -> None:
        journal.close_intents(chunk, [(position, "confirmed", note, None, None)], self.opener.clock.now())
