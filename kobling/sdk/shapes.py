"""Answers in a shape that nobody foresaw: told as misunderstood for what was asked, never a crash of everything."""

from __future__ import annotations

import structlog

from kobling.records import N_, Misunderstood

SHAPES = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
"""What taking an answer apart raises when it is not as the contract says."""

log = structlog.get_logger("kobling.shapes")


def misunderstood(error: Exception, what: str) -> Misunderstood:
    """The error for one request or record whose answer could not be taken apart; where it broke is logged."""
    log.error("an answer in an unknown shape", what=what, exc_info=error)
    return Misunderstood(
        N_("An answer has a shape that Kobling does not know."), detail=f"{what}: {type(error).__name__}", code="shape"
    )
