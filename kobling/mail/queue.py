"""Which mail is whose to send, and what became of it: claimed with a lease, marked only once the server took it.

A mail whose end was about to be sent when its worker died may have arrived. It is unknown from then on, and no worker
sends it again: a person decides (``docs/promises.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from kobling.mail.models import Mail, State
from kobling.records import N_

LEASE = timedelta(minutes=15)
"""Longer than a mail server may take to answer, 10 minutes: who claimed and died is followed after it."""

PAUSES = (
    *(timedelta(minutes=each) for each in (1, 5, 15)),
    *(timedelta(hours=each) for each in (1, 2, 4, 8, 12, 24, 24, 24)),
)
"""Between tries: a server that is down for a long weekend loses nothing."""

CUT_OFF = N_("Kobling was cut off while the mail went out. It may have arrived.")


@dataclass(frozen=True, slots=True)
class Turn:
    """One claim of a mail, which is one worker's until its lease is over."""

    mail: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mail server did, as a sentence of ours with its own words in it."""

    sentence: str
    params: Mapping[str, str]


def is_due(now: datetime) -> bool:
    """Whether there is anything to claim, or to say of a claim that is over."""
    return _due(now).exists() or _over(now).exists()


def claim(now: datetime, most: int) -> list[tuple[Mail, Turn]]:
    """Mails whose turn it is, those that wait longest first; each is one worker's."""
    _over(now).update(state=State.UNKNOWN, answer=CUT_OFF, answer_params={}, answered_at=now, claimed_until=None)
    mine = []
    for row in _due(now).order_by("next_at", "pk")[:most]:
        taken = _due(now).filter(pk=row.pk, epoch=row.epoch)
        if taken.update(epoch=row.epoch + 1, claimed_until=now + LEASE):
            mine.append((row, Turn(row.pk, row.epoch + 1)))
    return mine


def goes_out(turn: Turn, now: datetime) -> bool:
    """The next thing sent is the mail's end, after which it may be delivered. False: it is no longer ours to send."""
    mine = Mail.objects.filter(pk=turn.mail, epoch=turn.epoch, state=State.WAITING)
    return bool(mine.update(state=State.GOING, claimed_until=now + LEASE))


def sent(turn: Turn, now: datetime) -> bool:
    """The server took it: also where somebody had called it unknown meanwhile."""
    return _end(turn, State.SENT, now, None, sent_at=now)


def refused(turn: Turn, answer: Answer, now: datetime) -> bool:
    """The server wants it neither now nor later."""
    return _end(turn, State.REFUSED, now, answer)


def unknown(turn: Turn, answer: Answer, now: datetime) -> bool:
    """Whether the server took it, nobody can tell."""
    return _end(turn, State.UNKNOWN, now, answer)


def failed(turn: Turn, answer: Answer, now: datetime) -> bool:
    """It cannot be sent as it is."""
    return _end(turn, State.FAILED, now, answer)


def not_now(row: Mail, turn: Turn, answer: Answer, now: datetime) -> bool:
    """It is tried again, later each time; after the last pause it has failed."""
    if row.tries >= len(PAUSES):
        return failed(turn, answer, now)
    return _end(turn, State.WAITING, now, answer, next_at=now + PAUSES[row.tries])


def give_back(turn: Turn) -> None:
    """Who claimed it stops: it is somebody else's turn at once."""
    Mail.objects.filter(pk=turn.mail, epoch=turn.epoch, state=State.WAITING).update(claimed_until=None)


def nobody_else_sends(now: datetime) -> None:
    """All claims are of workers that are gone, since there is never more than one."""
    Mail.objects.filter(claimed_until__gt=now).update(claimed_until=now)


_NOTHING = {"answer": "", "answer_params": {}}


def _due(now: datetime) -> QuerySet[Mail]:
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return Mail.objects.filter(free, state=State.WAITING, next_at__lte=now)


def _over(now: datetime) -> QuerySet[Mail]:
    return Mail.objects.filter(state=State.GOING, claimed_until__lte=now)


def _end(turn: Turn, state: State, now: datetime, answer: Answer | None, **more: datetime) -> bool:
    mine = Mail.objects.filter(pk=turn.mail, epoch=turn.epoch, state__in=(State.WAITING, State.GOING, State.UNKNOWN))
    told = {"answer": answer.sentence, "answer_params": dict(answer.params)} if answer else _NOTHING
    return bool(mine.update(state=state, tries=F("tries") + 1, answered_at=now, claimed_until=None, **told, **more))
