"""Single words that come out of the database and are shown to people: states, counters, kinds, sides."""

from __future__ import annotations

from kobling.records import N_

WORDS = (
    N_("queued"),
    N_("running"),
    N_("done"),
    N_("partly done"),
    N_("failed"),
    N_("stopped"),
    N_("cancelled"),
    N_("never run"),
    N_("in step"),
    N_("needs you"),
    N_("inserted"),
    N_("modified"),
    N_("deleted"),
    N_("coupled"),
    N_("uncoupled"),
    N_("unchanged"),
    N_("skipped"),
    N_("create"),
    N_("update"),
    N_("delete"),
    N_("couple"),
    N_("uncouple"),
    N_("skip"),
    N_("conflict"),
    N_("left"),
    N_("right"),
    N_("field"),
    N_("total"),
    N_("missing"),
    N_("gone"),
    N_("question"),
    N_("open"),
    N_("parked"),
    N_("waits"),
    N_("refused"),
    N_("altered"),
    N_("posted"),
    N_("totals"),
    N_("bad value"),
    N_("maybe the same"),
    N_("ambiguous"),
    N_("duplicate identity"),
    N_("deleted but changed"),
    N_("unknown outcome"),
    N_("confirmed"),
    N_("unknown"),
    N_("todo"),
    N_("blocked"),
    N_("errors"),
    N_("change"),
    N_("look-alikes"),
    N_("restore"),
    N_("there"),
    N_("no such table"),
    N_("full synchronisation"),
    N_("couple records first"),
    N_("nothing to synchronise now"),
)
_SPELLED = {
    "maybe_same": "maybe the same",
    "duplicates": "look-alikes",
    "no_table": "no such table",
    "full": "full synchronisation",
    "couple_first": "couple records first",
    "nothing": "nothing to synchronise now",
}


def word(stored: str) -> str:
    """A stored word as it is written before it is translated."""
    return _SPELLED.get(stored, stored.replace("_", " "))
