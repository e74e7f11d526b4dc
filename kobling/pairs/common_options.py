"""Options that every pair offers in the same words."""

from __future__ import annotations

from kobling.pairs.base import Option
from kobling.records import N_

SYNCHRONISE = Option(
    "synchronise",
    N_("Synchronise"),
    "manual",
    ("manual", "auto"),
    N_("Manual: only when you press Sync. Auto: every third hour, or as the schedule says."),
)
