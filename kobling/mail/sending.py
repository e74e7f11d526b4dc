"""One round of a worker's mail: a few at a time over one connection, each marked as soon as it is taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import structlog
from cryptography.fernet import InvalidToken
from django.conf import settings

from kobling.hub.store import faults
from kobling.mail import folder, queue
from kobling.mail.message import message_of
from kobling.mail.models import Mail
from kobling.mail.outbox import letter_of
from kobling.mail.queue import Answer, Turn
from kobling.mail.smtp import Conversation, NoServer, NotKnown, NotNow, Refusal
from kobling.records import N_
from kobling.sdk.protocols import Clock

log = structlog.get_logger("kobling.mail")
AT_ONCE = 20


class Overtaken(Exception):
    """A mail that was claimed is somebody else's meanwhile."""


def is_set_up() -> bool:
    """Whether it was said where mail goes."""
    return bool(settings.EMAIL_HOST or settings.MAIL_FOLDER)


def send(clock: Clock, stopping: Callable[[], bool]) -> bool:
    """Claim a few and send them. False: the server does not answer, so that it is asked again a little later."""
    claimed = queue.claim(clock.now(), AT_ONCE) if is_set_up() else []
    if not claimed:
        return True
    left = list(claimed)
    try:
        with _connected() as over:
            while left and not stopping():
                _send(*left[0], over, clock)
                left.pop(0)
    except NoServer as trouble:
        # Where nobody answered at all, none of them is to blame; a connection that broke was one mail's.
        hit = left if trouble.at_the_door else left[:1]
        left = left[len(hit) :]
        for row, turn in hit:
            queue.not_now(row, turn, trouble.answer, clock.now())
        log.warning("the mail server does not answer", why=trouble.answer.sentence, mails=len(hit))
        return False
    except (NotKnown, Overtaken):
        left.pop(0)
    finally:
        for _, turn in left:
            queue.give_back(turn)
    return True


def _connected() -> AbstractContextManager[Conversation | None]:
    return nullcontext() if settings.MAIL_FOLDER else Conversation()


def _send(row: Mail, turn: Turn, over: Conversation | None, clock: Clock) -> None:
    """Raises NoServer, NotKnown and Overtaken, after which the connection is of no more use."""
    message = _made(row, turn, clock)
    if message is None:
        return
    if over is None:
        folder.deliver(row.asked_at, row.message_id, message)
        queue.sent(turn, clock.now())
        return

    def goes_out() -> None:
        if not queue.goes_out(turn, clock.now()):
            raise Overtaken

    try:
        over.deliver(row.to, message, goes_out)
    except Refusal as trouble:
        queue.refused(turn, trouble.answer, clock.now())
    except NotNow as trouble:
        queue.not_now(row, turn, trouble.answer, clock.now())
    except NotKnown as trouble:
        queue.unknown(turn, trouble.answer, clock.now())
        raise
    else:
        queue.sent(turn, clock.now())


def _made(row: Mail, turn: Turn, clock: Clock) -> bytes | None:
    """The mail as it goes out; one that cannot be made holds up no other."""
    try:
        letter = letter_of(row)
        if letter is not None:
            return message_of(row, letter)
        gone = Answer(N_("Its content is no longer kept."), {})
    except InvalidToken:
        gone = Answer(N_("Its content cannot be read: web.key is not the one it was stored with."), {})
    except Exception as fault:
        if faults.told(fault) is not None:
            raise
        log.error("a mail cannot be made", mail=row.pk, exc_info=fault)
        gone = Answer(N_("Something happened that Kobling does not know."), {})
    queue.failed(turn, gone, clock.now())
    return None
