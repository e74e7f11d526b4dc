"""What a company says of itself and gives its firm, step by step; both sides see how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from kobling.access.models import Access, Assignment, Client, FirmMember, Onboarding, Stage
from kobling.access.naming import called_all
from kobling.access.policy import (
    Actor,
    Doing,
    InFirm,
    NotFound,
    Way,
    clients_of,
    companies_of,
    firms_of,
    known_to,
    on_the_way,
    require_company,
)
from kobling.hub.happened import What
from kobling.hub.services import clients, stages
from kobling.hub.services.log import record
from kobling.hub.services.stages import Progress, Step
from kobling.hub.store import sql
from kobling.mapping import identity
from kobling.records import N_, SettingsError

COUNTRIES = {"dk": identity.cvr_number, "no": identity.organisation_number_no, "se": identity.organisation_number_se}
ACCESS_WORDS = {Access.LIMITED: N_("Limited"), Access.EXTENDED: N_("Extended")}
_LONGEST_NUMBER, _LONGEST_NAME, _LONGEST_TITLE = 30, 150, 100


@dataclass(frozen=True, slots=True)
class StepTold:
    """A step: who did it and when, or whose it is."""

    step: Step
    done: bool
    firms: bool
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OnboardingTold:
    """How far a client and its firm are, for either side. ``doubtful``: the number's check digit does not fit.

    ``answers``: whoever asks is an administrator of the company itself.
    """

    client: int
    name: str
    number: str
    stage: Stage
    firm: str
    progress: Progress
    steps: tuple[StepTold, ...]
    contact_name: str
    contact_email: str
    country: str
    registered_number: str
    doubtful: bool
    person_title: str
    access: str
    asked_access: str
    asks_power: bool
    power_name: str
    start_day: date | None
    comment: str
    begun_at: datetime
    begun_by: str
    reminded_at: datetime | None
    bookkeepers: tuple[str, ...]
    answers: bool


def told(actor: Actor, client: int) -> OnboardingTold:
    """How far a client is. Raises NotFound for whoever is of neither side."""
    row = _seen(actor, client)
    asked = of(row)
    helpers = Assignment.objects.filter(client=row, member__firm=row.firm_id, member__person__is_active=True)
    names = tuple(each.member.person.called for each in helpers.select_related("member__person").order_by("pk"))
    progress = stages.progress_of(asked, assigned=bool(names))
    return OnboardingTold(
        client=row.pk,
        name=row.name,
        number=row.number,
        stage=Stage(row.stage),
        firm=row.firm.name if row.firm else "",
        progress=progress,
        steps=_steps(asked, progress),
        doubtful=doubtful(asked.country, asked.registered_number),
        begun_by=called_all([asked.begun_by])[asked.begun_by] if asked.begun_by else "",
        bookkeepers=names,
        answers=companies_of(actor).filter(pk=row.pk).exists(),
        **{name: getattr(asked, name) for name in _SAME},
    )


def told_to_company(actor: Actor, client: int) -> OnboardingTold:
    """As ``told``, for who answers for the company alone. Raises NotFound."""
    require_company(actor, client)
    return told(actor, client)


_SAME = (
    "contact_name",
    "contact_email",
    "country",
    "registered_number",
    "person_title",
    "access",
    "asked_access",
    "asks_power",
    "power_name",
    "start_day",
    "comment",
    "begun_at",
    "reminded_at",
)


def of(client: Client) -> Onboarding:
    """The client's row; an empty one for a client that was there before such rows were."""
    found = Onboarding.objects.filter(client=client).first()
    return found or Onboarding(client=client, begun_at=client.created_at)


def doubtful(country: str, number: str) -> bool:
    """Whether the check digit of a company's number does not fit; a person decides what that means."""
    check = COUNTRIES.get(country)
    return check is not None and check(number) is identity.Checked.DOUBTFUL


def confirm_company(actor: Actor, client: int, country: str, number: str, now: datetime) -> None:
    """The company says that it is this one. Raises NotFound for whoever does not answer for it, and SettingsError."""
    number = number.strip()
    if not number or len(number) > _LONGEST_NUMBER:
        raise SettingsError(N_("Write the number that the company is registered under."), field="registered_number")

    def said(row: Onboarding) -> str:
        row.country, row.registered_number = country[:2], number
        row.company_at, row.company_by = now, actor.key
        return ""

    _say(actor, client, What.COMPANY_CONFIRMED, said, now, after=f"{country} {number}")


def confirm_person(actor: Actor, client: int, title: str, now: datetime) -> None:
    """Whoever asks says what they are in the company. Raises NotFound, and SettingsError for nothing said."""
    title = title.strip()
    if not title or len(title) > _LONGEST_TITLE:
        raise SettingsError(N_("Write what you are in the company, for example managing director."), field="title")

    def said(row: Onboarding) -> str:
        row.person_title, row.person_at, row.person_by = title, now, actor.key
        return ""

    _say(actor, client, What.PERSON_CONFIRMED, said, now, after=title)


def give_access(actor: Actor, client: int, level: str, now: datetime) -> None:
    """The company says which access its firm gets. Raises NotFound, and SettingsError for a level there is not."""
    if level not in Access.values:
        raise SettingsError(N_("Choose limited or extended access."), field="access", code="no_access")

    def said(row: Onboarding) -> str:
        row.access, row.access_at, row.access_by = level, now, actor.key
        return ACCESS_WORDS[Access(level)]

    _say(actor, client, What.ACCESS_GIVEN, said, now, after=level)


def give_power(actor: Actor, client: int, name: str, agreed: bool, now: datetime) -> None:
    """The company gives its firm power of attorney under a typed name. Raises NotFound and SettingsError."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise SettingsError(N_("Type your full name."), field="power_name")
    if not agreed:
        raise SettingsError(N_("Tick that you give the power of attorney."), field="agreed")

    def said(row: Onboarding) -> str:
        row.power_name, row.power_at, row.power_by = name, now, actor.key
        return ""

    _say(actor, client, What.POWER_GIVEN, said, now, after=name)


def take_back_power(actor: Actor, client: int, now: datetime) -> None:
    """The power of attorney ends. Raises NotFound for whoever does not answer for the company."""

    def said(row: Onboarding) -> str:
        row.power_name, row.power_at, row.power_by = "", None, ""
        return ""

    _say(actor, client, What.POWER_TAKEN_BACK, said, now)


def assign(actor: Actor, client: int, member: int) -> None:
    """A colleague looks after a client that is on its way in. Raises NotFound, SettingsError for no colleague."""
    row = known_to(actor).filter(pk=client, firm__in=firms_of(actor, InFirm.ASSIGN)).first()
    if row is None:
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    colleague = FirmMember.objects.filter(pk=member, firm=row.firm_id, person__is_active=True).first()
    if colleague is None:
        raise SettingsError(N_("Choose the bookkeeper who looks after the company."), field="member")
    clients.assign(actor, row, colleague)


def _say(
    actor: Actor, client: int, what: What, said: Callable[[Onboarding], str], now: datetime, after: str = ""
) -> None:
    require_company(actor, client)
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        kept, _ = Onboarding.objects.get_or_create(client=row, defaults={"begun_by": actor.key, "begun_at": now})
        choice = said(kept)
        kept.save()
        record(actor, row, what, row.name, choice=choice, after=after or None)
        stages.advance(actor, row)


def _seen(actor: Actor, client: int) -> Client:
    """Either side: the company's administrators, and those of the firm who work with it or wait for it."""
    for seen in (clients_of(actor, Doing.WORK), on_the_way(actor, Way.INVITES), on_the_way(actor, Way.ONBOARDING)):
        row = seen.filter(pk=client).select_related("firm").first()
        if row is not None:
            return row
    raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")


def _steps(row: Onboarding, progress: Progress) -> tuple[StepTold, ...]:
    said = {
        Step.ANSWERED: (row.answered_by, row.answered_at),
        Step.COMPANY: (row.company_by, row.company_at),
        Step.PERSON: (row.person_by, row.person_at),
        Step.ACCESS: (row.access_by, row.access_at),
        Step.POWER: (row.power_by, row.power_at),
    }
    names = called_all(by for by, _ in said.values() if by)
    firms = {*progress.firms, *stages.OF_THE_FIRM}
    return tuple(
        StepTold(step, step in progress.done, step in firms, names.get(by, ""), at)
        for step in Step
        for by, at in [said.get(step, ("", None))]
    )
