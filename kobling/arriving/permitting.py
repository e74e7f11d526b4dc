"""Further permissions: either side asks, the other one answers, the company takes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kobling.access.models import Access, Client, Onboarding, Permission, Permitted
from kobling.access.naming import called_all
from kobling.access.policy import Actor, InFirm, NotFound, companies_of, firms_of, known_to
from kobling.arriving import letters
from kobling.arriving.incoming import firm_admins
from kobling.arriving.inviting import sender
from kobling.arriving.inviting_clients import company_admins
from kobling.hub.happened import What
from kobling.hub.services import onboarding
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.mail import outbox
from kobling.records import N_, SettingsError

EXTENDED = "extended"
WORDS = {
    EXTENDED: N_("Extended access"),
    "transfers": N_("Manage transfer rules, direct debit and withdrawals"),
    "reimbursements": N_("Send reimbursements by hand"),
    "invoices": N_("Pay invoices for administrators"),
}
Links = Callable[[bool], str]
"""For the firm, or for the company → the page where it answers."""


@dataclass(frozen=True, slots=True)
class PermissionTold:
    """A permission as both sides see it. ``mine``: whoever looks has asked; ``asks_me``: they have to answer."""

    name: str
    word: str
    state: Permitted
    by: str
    at: datetime | None
    mine: bool
    asks_me: bool


def permissions(actor: Actor, client: int) -> tuple[PermissionTold, ...]:
    """Every permission there is, as it stands. Raises NotFound for whoever is of neither side."""
    told = onboarding.told(actor, client)
    firms = _administered(actor).filter(pk=client).exists()
    rows = {each.name: each for each in Permission.objects.filter(client=client)}
    names = called_all(each.answered_by or each.asked_by for each in rows.values())
    found = []
    for name, word in WORDS.items():
        row = rows.get(name) or Permission(client_id=client, name=name)
        asked = row.state == Permitted.REQUESTED
        mine = asked and (firms if row.by_firm else told.answers)
        asks_me = asked and (told.answers if row.by_firm else firms)
        by = names.get(row.answered_by or row.asked_by, "")
        at = row.answered_at or row.asked_at
        found.append(PermissionTold(name, word, Permitted(row.state), by, at, mine, asks_me))
    return tuple(found)


def ask(actor: Actor, client: int, name: str, now: datetime, link: Links) -> None:
    """The firm asks for a permission, or the company offers one; the other side is told by mail. Raises NotFound."""
    with sql.together():
        row, by_firm = _locked(actor, client)
        kept = _kept(row, name)
        if kept.state in (Permitted.REQUESTED, Permitted.GRANTED):
            raise SettingsError(N_("This was asked for already, or is granted."), code="asked")
        kept.state, kept.by_firm, kept.asked_by, kept.asked_at = Permitted.REQUESTED, by_firm, actor.key, now
        kept.answered_by, kept.answered_at = "", None
        kept.save()
        by, _ = sender(actor)
        names = {"name": by, "company": row.name}
        for email, language in company_admins(row) if by_firm else firm_admins(row.firm_id or 0):
            letter = letters.permission_asked(email, language, names, WORDS[name], link(not by_firm))
            outbox.put(letter, now, client=row)
        record(actor, row, What.PERMISSION_ASKED, row.name, choice=WORDS[name])


def answer(actor: Actor, client: int, name: str, granted: bool, now: datetime) -> None:
    """The side that was asked says yes or no. Raises NotFound for the other one, and where nothing was asked."""
    with sql.together():
        row, by_firm = _locked(actor, client)
        kept = _kept(row, name)
        if kept.state != Permitted.REQUESTED or kept.by_firm == by_firm:
            raise NotFound(N_("There is no such question, or it is not yours to answer."), code="not_found")
        kept.state = Permitted.GRANTED if granted else Permitted.DECLINED
        kept.answered_by, kept.answered_at = actor.key, now
        kept.save()
        if granted and name == EXTENDED:
            _access(row, Access.EXTENDED, actor, now)
        what = What.PERMISSION_GRANTED if granted else What.PERMISSION_DECLINED
        record(actor, row, what, row.name, choice=WORDS[name])


def take_back(actor: Actor, client: int, name: str, now: datetime) -> None:
    """What was asked or granted is no longer. Raises NotFound where neither was."""
    with sql.together():
        row, _ = _locked(actor, client)
        kept = _kept(row, name)
        if kept.state not in (Permitted.REQUESTED, Permitted.GRANTED):
            raise NotFound(N_("There is no such question, or it is not yours to answer."), code="not_found")
        if kept.state == Permitted.GRANTED and name == EXTENDED:
            _access(row, Access.LIMITED, actor, now)
        kept.state, kept.answered_by, kept.answered_at = Permitted.NONE, actor.key, now
        kept.save()
        record(actor, row, What.PERMISSION_TAKEN_BACK, row.name, choice=WORDS[name])


def _access(client: Client, level: Access, actor: Actor, now: datetime) -> None:
    Onboarding.objects.filter(client=client).update(access=level, access_at=now, access_by=actor.key)


def _administered(actor: Actor) -> QuerySet[Client]:
    """Clients for which the actor speaks as the firm."""
    return known_to(actor).filter(firm__in=firms_of(actor, InFirm.ADD_CLIENT))


def _locked(actor: Actor, client: int) -> tuple[Client, bool]:
    """The client, and whether the actor speaks as the firm; whoever is both speaks for the company."""
    company = companies_of(actor).filter(pk=client).exists()
    if not company and not _administered(actor).filter(pk=client).exists():
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    row = Client.objects.select_for_update().get(pk=client)
    if row.firm_id is None:
        raise SettingsError(N_("There is no accounting firm yet."), code="no_firm")
    return row, not company


def _kept(client: Client, name: str) -> Permission:
    if name not in WORDS:
        raise NotFound(N_("There is no such question, or it is not yours to answer."), code="not_found")
    return Permission.objects.filter(client=client, name=name).first() or Permission(client=client, name=name)
