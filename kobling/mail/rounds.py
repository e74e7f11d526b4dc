"""What a worker does for mail in one round, away from its other work: a mail server that hangs holds nothing up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kobling.mail import queue
from kobling.mail.digests import due
from kobling.mail.sending import is_set_up, send
from kobling.mail.tidying import tidy
from kobling.sdk.protocols import Clock


def is_due(now: datetime) -> bool:
    """Whether a round would find anything to do."""
    return is_set_up() and (queue.is_due(now) or due.is_due(now))


def work(clock: Clock, stopping: Callable[[], bool]) -> bool:
    """Make a few digests and send a few mails. False: the mail server does not answer.

    Where nobody said where mail goes, no digest is made: weeks of them would go out on the day when somebody does.
    """
    due.make(clock.now())
    return send(clock, stopping)


def tidy_up(now: datetime) -> None:
    """What is old goes."""
    tidy(now)
