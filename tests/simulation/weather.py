"""What goes wrong, as a seed decides: how often each kind of mischief happens while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from kobling.records import Busy, KoblingError, NotThere, RateLimited, Refused, StaleVersion, Unreachable

FATES = (
    "refused",  # the vendor says no to the record, this time
    "busy",  # the record is being edited there
    "no_line",  # “not there”, said of something that the record refers to
    "stale",  # another version, though nothing moved
    "limited",  # the vendor's limit, for this one write
    "request_lost",  # it never arrived, and nobody knows
    "answer_lost",  # it was carried out, and nobody knows
    "slow",  # no answer; it is carried out a good while later
    "dropped",  # no answer; it is carried out in a moment
    "killed",  # we die while the vendor works on it
)
"""What may become of a single write."""

AROUND = (
    "bare",  # carried out, answered without the record
    "read_back_late",  # carried out, answered with the record as it was before
    "doubled_answer",  # its outcome is told twice
)
READING = (
    "doubled",  # a record stands twice in a page
    "earlier",  # a page shows a record as it was before; the feed shows it again later
    "unread",  # a record of a page cannot be read
    "broke_off",  # the feed has to begin anew, deletions may have gone by
    "shuffled",  # records come in another order
    "late",  # a change is shown later than it was made
    "got_earlier",  # a record that is asked for by itself is shown as it was before
    "one_signal",  # a list of ids leaves one out
    "unreachable",  # a request fails
    "out",  # the vendor is down for a while
    "people",  # somebody works there at this moment
)
KINDS = FATES + AROUND + READING
_LOST = ("request_lost", "answer_lost", "slow", "dropped")


@dataclass(slots=True)
class Weather:
    """Calm unless kinds are given; the chance of each kind at every occasion."""

    rng: Random
    chances: dict[str, float] = field(default_factory=dict)

    def happens(self, kind: str) -> bool:
        """Whether it happens now. Nothing is drawn for what never does, so that leaving one out moves no other."""
        chance = self.chances.get(kind, 0.0)
        return bool(chance) and self.rng.random() < chance

    def fate(self) -> str | None:
        """What becomes of a write that is on its way; None: it arrives."""
        return next((kind for kind in FATES if self.happens(kind)), None)


CALM = Weather(Random(0))


def drawn(rng: Random) -> Weather:
    """A run's weather: often calm, else some kinds of mischief at once."""
    if rng.random() < 0.2:
        return Weather(rng)
    kinds = rng.sample(KINDS, rng.randint(1, 4))
    return Weather(rng, {kind: rng.choice((0.08, 0.2, 0.5)) for kind in sorted(kinds)})


def said(kind: str, rng: Random) -> KoblingError:
    """The words in which a vendor declines."""
    if kind == "busy":
        return Busy("It is being edited.", code="423")
    if kind == "no_line":
        return NotThere("No such line.", code="404")
    if kind == "stale":
        return StaleVersion("It was changed.", code="412")
    if kind == "limited":
        return RateLimited("Too many.", code="429")
    return Refused("No.", code=rng.choice(("E1", "E2")))


def lost(kind: str) -> KoblingError:
    """What we see of a write that nobody knows about."""
    return Unreachable("No answer came.", code="timeout" if kind == "slow" else None)


def is_lost(kind: str) -> bool:
    """Whether a fate leaves us without an answer."""
    return kind in _LOST


def some(rng: Random, of: Sequence[str], most: int) -> list[str]:
    """Some of these, in their own order."""
    chosen = set(rng.sample(range(len(of)), min(len(of), rng.randint(1, most))))
    return [each for n, each in enumerate(of) if n in chosen]
