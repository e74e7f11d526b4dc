"""How far a client and its firm are with each other: six steps, and the stage that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kobling.access.models import Assignment, Client, Onboarding, Stage
from kobling.access.policy import Actor
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import stale


class Step(StrEnum):
    """What must be done before a client is active, in its order."""

    ANSWERED = "answered"
    COMPANY = "company"
    PERSON = "person"
    ACCESS = "access"
    POWER = "power"
    BOOKKEEPER = "bookkeeper"


OF_THE_FIRM = frozenset({Step.BOOKKEEPER})
"""Steps that the firm does; the others are the company's, and the answer is whoever's was asked."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps that are done. ``incoming``: the company asked, so that the firm answers."""

    done: frozenset[Step]
    incoming: bool

    @property
    def left(self) -> tuple[Step, ...]:
        """What is still to do, in its order."""
        return tuple(each for each in Step if each not in self.done)

    @property
    def firms(self) -> tuple[Step, ...]:
        """What the firm has to do."""
        return tuple(each for each in self.left if self._is_firms(each))

    @property
    def companys(self) -> tuple[Step, ...]:
        """What the company has to do."""
        return tuple(each for each in self.left if not self._is_firms(each))

    def _is_firms(self, step: Step) -> bool:
        return step in OF_THE_FIRM or (step is Step.ANSWERED and self.incoming)

    @property
    def stage(self) -> Stage:
        """The stage that follows."""
        if Step.ANSWERED not in self.done:
            return Stage.INCOMING if self.incoming else Stage.INVITED
        if not self.left:
            return Stage.ACTIVE
        begun = self.done & {Step.COMPANY, Step.PERSON, Step.ACCESS, Step.POWER}
        return Stage.VERIFICATION if begun else Stage.ACCEPTED


def progress_of(row: Onboarding, *, assigned: bool) -> Progress:
    """What the row says is done. Where no power of attorney is asked for, none is missing."""
    said = {
        Step.ANSWERED: row.answered_at,
        Step.COMPANY: row.company_at,
        Step.PERSON: row.person_at,
        Step.ACCESS: row.access_at,
        Step.POWER: row.power_at or not row.asks_power,
        Step.BOOKKEEPER: assigned,
    }
    return Progress(frozenset(step for step, done in said.items() if done), row.incoming)


def is_assigned(client: Client) -> bool:
    """Whether somebody of the client's own firm looks after it."""
    return Assignment.objects.filter(
        client=client, member__firm=client.firm_id, member__person__is_active=True
    ).exists()


def advance(actor: Actor, client: Client) -> Stage:
    """Put the client where its steps say; one that is active stays so, and an archived one too. In a transaction."""
    row = Onboarding.objects.filter(client=client).first()
    if row is None or client.stage in (Stage.ACTIVE, Stage.ARCHIVED):
        return Stage(client.stage)
    stage = progress_of(row, assigned=is_assigned(client)).stage
    if stage != client.stage:
        client.stage = stage
        client.save(update_fields=["stage"])
        stale.mark([client.pk])
        if stage is Stage.ACTIVE:
            record(actor, client, What.CLIENT_ACTIVE, client.name)
    return stage
