"""The other door: a company adds the firm by its code, and the firm takes it in or says why not."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kobling.access.models import (
    Assignment,
    Client,
    Declined,
    Firm,
    FirmMember,
    FirmRole,
    Onboarding,
    Permission,
    Person,
    Stage,
)
from kobling.access.naming import called_all
from kobling.access.policy import Actor, InFirm, NotFound, Way, firms_of, on_the_way, require_company, require_in_firm
from kobling.arriving import letters
from kobling.arriving.inviting import sender
from kobling.hub.happened import What
from kobling.hub.services import clients
from kobling.hub.services.log import record
from kobling.hub.store import sql, stale
from kobling.mail import outbox
from kobling.records import N_, SettingsError

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and figures that nobody takes for another."""
LENGTH, GROUP = 12, 4
LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Incoming:
    """A company that has asked the firm."""

    client: int
    name: str
    country: str
    registered_number: str
    by: str
    email: str
    asked_at: datetime
    access: str
    has_power: bool


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The code of the firm that somebody adds clients to; empty before there is one."""

    firm: int
    name: str
    code: str


def own_code(actor: Actor) -> OwnCode | None:
    """The code of the actor's own firm; None for who adds no clients."""
    firm = firms_of(actor, InFirm.ADD_CLIENT).order_by("pk").first()
    return OwnCode(firm.pk, firm.name, _spelled(firm.join_code)) if firm else None


def new_join_code(actor: Actor, firm: int) -> str:
    """A new code; the old one ends, and whom the firm has declined may ask again with the new one."""
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    with sql.together():
        row = Firm.objects.select_for_update().get(pk=firm)
        row.join_code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
        row.save(update_fields=["join_code"])
        Declined.objects.filter(firm=row).delete()
        record(actor, None, What.JOIN_CODE_MADE, row.name)
    return _spelled(row.join_code)


def ask_firm(actor: Actor, client: int, code: str, now: datetime, link: str) -> None:
    """A company asks the firm that has this code. Raises NotFound for who does not answer for the company.

    Raises the same SettingsError for a code that is none and for the one of a firm that has declined.
    """
    require_company(actor, client)
    wanted = "".join(each for each in code.upper() if each in SIGNS)
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        if row.firm_id is not None or row.stage != Stage.ACTIVE:
            raise SettingsError(N_("There is an accounting firm already."), code="has_firm")
        firm = Firm.objects.filter(join_code=wanted).first() if len(wanted) == LENGTH else None
        if firm is None or Declined.objects.filter(client=row, firm=firm).exists():
            raise SettingsError(
                N_("No accounting firm can be added with this code. Ask the firm for its code."),
                field="code",
                code="no_firm",
            )
        row.firm, row.stage = firm, Stage.INCOMING
        row.save(update_fields=["firm", "stage"])
        stale.mark([row.pk])
        _begun_anew(actor, row, now)
        name, _ = sender(actor)
        for email, language in firm_admins(firm.pk):
            outbox.put(letters.firm_asked(email, language, {"name": name, "company": row.name}, link), now, client=row)
        record(actor, row, What.FIRM_ASKED, row.name, after=firm.name)


def _begun_anew(actor: Actor, client: Client, now: datetime) -> None:
    """What was given to a firm before is not given to this one."""
    before = Onboarding.objects.filter(client=client).first()
    Onboarding.objects.filter(client=client).delete()
    Permission.objects.filter(client=client).delete()
    asker = Person.objects.get(pk=int(actor.ident))
    Onboarding.objects.create(
        client=client,
        begun_by=actor.key,
        begun_at=now,
        incoming=True,
        contact_name=asker.called[:150],
        contact_email=asker.email,
        language=asker.language,
        country=before.country if before else "dk",
        registered_number=before.registered_number if before else "",
    )


def take_back(actor: Actor, client: int) -> None:
    """The company no longer asks. Raises NotFound, also where the firm has answered."""
    require_company(actor, client)
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        if row.stage != Stage.INCOMING:
            raise NotFound(N_("There is no such invitation, or it is answered."), code="not_found")
        record(actor, row, What.INVITATION_WITHDRAWN, row.name, before=row.firm.name if row.firm else None)
        _without_firm(row)


def incoming(actor: Actor) -> QuerySet[Client]:
    """Companies that have asked the actor's firms; none for who may not see them."""
    return on_the_way(actor, Way.INVITES).filter(stage=Stage.INCOMING).select_related("onboarding")


def told(rows: Sequence[Client]) -> tuple[Incoming, ...]:
    """Companies that have asked, with who did. One query for the names, however many there are."""
    names = called_all(each.onboarding.begun_by for each in rows)
    return tuple(
        Incoming(
            each.pk,
            each.name,
            each.onboarding.country,
            each.onboarding.registered_number,
            names[each.onboarding.begun_by],
            each.onboarding.contact_email,
            each.onboarding.begun_at,
            each.onboarding.access,
            each.onboarding.power_at is not None,
        )
        for each in rows
    )


def asked_by(actor: Actor, client: int) -> Incoming:
    """One of those that have asked. Raises NotFound."""
    found = told(list(incoming(actor).filter(pk=client)))
    if not found:
        raise NotFound(N_("There is no such invitation, or it is answered."), code="not_found")
    return found[0]


def accept(actor: Actor, client: int, member: int, now: datetime) -> Stage:
    """The firm takes a company in, and a colleague looks after it. Raises NotFound for one that has not asked."""
    with sql.together():
        row = _asked(actor, client)
        colleague = FirmMember.objects.filter(pk=member, firm=row.firm_id, person__is_active=True).first()
        if colleague is None:
            raise SettingsError(N_("Choose the bookkeeper who looks after the company."), field="member")
        Onboarding.objects.filter(client=row).update(answered_at=now, answered_by=actor.key)
        record(actor, row, What.CLIENT_ACCEPTED, row.name)
        clients.assign(actor, row, colleague)
        row.refresh_from_db()
    return Stage(row.stage)


def decline(actor: Actor, client: int, reason: str, now: datetime) -> None:
    """The firm says no, with a reason that goes to whoever asked. Raises NotFound, SettingsError without a reason."""
    reason = reason.strip()[:LONGEST_REASON]
    with sql.together():
        row = _asked(actor, client)
        if not reason:
            raise SettingsError(N_("Write why: whoever asked gets it by mail."), field="reason", code="no_reason")
        firm = row.firm
        assert firm is not None
        by, _ = sender(actor)
        asked = row.onboarding
        names = {"firm": firm.name, "name": by, "company": row.name}
        letter = letters.client_declined(asked.contact_email, asked.language, names, reason)
        Declined.objects.update_or_create(
            client=row, firm=firm, defaults={"at": now, "by": actor.key, "reason": reason}
        )
        record(actor, row, What.CLIENT_DECLINED, row.name, before=firm.name, why=reason)
        _without_firm(row)
        if asked.contact_email:
            outbox.put(letter, now, client=row)


def firm_admins(firm: int) -> list[tuple[str, str]]:
    """Address and language of those who administer a firm."""
    rows = FirmMember.objects.filter(firm=firm, role=FirmRole.ADMIN, person__is_active=True)
    people = [each.person for each in rows.select_related("person").order_by("pk")]
    return [(each.email, each.language) for each in people if each.email]


def _asked(actor: Actor, client: int) -> Client:
    known = on_the_way(actor, Way.INVITES).filter(pk=client, stage=Stage.INCOMING)
    row = Client.objects.select_for_update().filter(pk__in=known.values("pk")).first()
    if row is None:
        raise NotFound(N_("There is no such invitation, or it is answered."), code="not_found")
    return row


def _without_firm(client: Client) -> None:
    """The company goes on by itself, as before it asked."""
    Assignment.objects.filter(client=client).delete()
    Permission.objects.filter(client=client).delete()
    Onboarding.objects.filter(client=client).delete()
    client.firm, client.stage = None, Stage.ACTIVE
    client.save(update_fields=["firm", "stage"])
    stale.mark([client.pk])


def _spelled(code: str) -> str:
    return "-".join(code[n : n + GROUP] for n in range(0, len(code), GROUP))
