"""What the operator of an installation sees of its mail and does with it, and how a page's own mail went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F, QuerySet

from kobling.access.policy import Actor, NotFound, require_installation
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.hub.told.said import NOTHING, Said, filled
from kobling.mail.models import Mail, State
from kobling.mail.outbox import Letter, letter_of, put
from kobling.mail.sending import is_set_up
from kobling.records import N_, NP_, SettingsError

NEEDS_SOMEBODY = (State.WAITING, State.GOING, State.REFUSED, State.FAILED, State.UNKNOWN)
WORDS = {
    State.WAITING: N_("Waits to be sent"),
    State.GOING: N_("On its way"),
    State.SENT: N_("Sent"),
    State.REFUSED: N_("Refused"),
    State.FAILED: N_("Not sent"),
    State.UNKNOWN: N_("May have arrived"),
}


@dataclass(frozen=True, slots=True)
class MailTold:
    """A mail as it stands, without what is in it. ``again``: a person can have it sent again."""

    id: int
    to: str
    subject: str
    state: str
    asked_at: datetime
    tries: int
    next_at: datetime | None
    answer: Said
    sent_at: datetime | None
    again: bool

    @classmethod
    def of(cls, row: Mail) -> MailTold:
        """As the row says."""
        waits = row.state == State.WAITING
        ended = row.state in (State.REFUSED, State.FAILED, State.UNKNOWN)
        return cls(
            id=row.pk,
            to=row.to,
            subject=_subject(row),
            state=row.state,
            asked_at=row.asked_at,
            tries=row.tries,
            next_at=row.next_at if waits else None,
            answer=Said(row.answer, row.answer_params) if row.answer else NOTHING,
            sent_at=row.sent_at,
            again=bool(row.content) and (ended or (waits and row.tries > 0)),
        )


def _subject(row: Mail) -> str:
    try:
        letter = letter_of(row)
    except InvalidToken:
        return ""
    return letter.subject if letter else ""


def kept(actor: Actor) -> QuerySet[Mail]:
    """Every mail that is not over: it waits, was refused, failed, or is unknown."""
    require_installation(actor)
    return Mail.objects.filter(state__in=NEEDS_SOMEBODY)


def again(actor: Actor, mail: int, now: datetime) -> MailTold:
    """Send it again, with the id that it had: whoever got it already can tell. Raises NotFound, SettingsError."""
    require_installation(actor)
    with sql.together():
        row = Mail.objects.filter(pk=mail).exclude(state__in=(State.SENT, State.GOING)).select_for_update().first()
        if row is None:
            raise NotFound(N_("There is no such mail."), code="not_found")
        if not row.content:
            raise SettingsError(N_("Its content is no longer kept."), code="too_old")
        # Whoever still holds it must not mark what is sent from now on.
        Mail.objects.filter(pk=mail).update(
            state=State.WAITING, next_at=now, tries=0, epoch=F("epoch") + 1, claimed_until=None, answered_at=None
        )
        record(actor, row.client, What.MAIL_AGAIN, row.to)
    row.refresh_from_db()
    return MailTold.of(row)


def put_test(actor: Actor, to: str, now: datetime) -> None:
    """Put a mail down that says that mail works. Raises SettingsError for what is no address."""
    require_installation(actor)
    try:
        validate_email(to)
    except ValidationError:
        raise SettingsError(N_("“%(email)s” is no e-mail address."), field="email", email=to) from None
    put(
        Letter(
            to,
            filled(N_("A test of Kobling’s mail")),
            filled(N_("Mail from Kobling arrives here. You can delete this.")),
        ),
        now,
    )


def not_set_up() -> Said:
    """What is to be said where nobody told Kobling where mail goes; nothing where somebody did."""
    if is_set_up():
        return NOTHING
    waiting = Mail.objects.filter(state=State.WAITING).count()
    if not waiting:
        return Said(N_("Mail is not set up. Set KOBLING_MAIL_HOST before anybody is invited."))
    return Said(
        NP_(
            "Mail is not set up: %(number)s mail waits. Set KOBLING_MAIL_HOST.",
            "Mail is not set up: %(number)s mails wait. Set KOBLING_MAIL_HOST.",
        ),
        {"number": waiting},
    )


def counted() -> dict[str, int]:
    """How many mails are in each state but sent."""
    return {each: Mail.objects.filter(state=each).count() for each in NEEDS_SOMEBODY}
