"""A digest as a letter: in the person's language, zone and numbers, as HTML and as text, from the same words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation

from kobling.access import spoken
from kobling.access.models import Person
from kobling.hub.told.said import filled
from kobling.mail import addresses, phrases
from kobling.mail.digests.gathered import Deadline, Gathered, Line
from kobling.mail.digests.times import Frequency, next_at
from kobling.mail.drawing import drawn
from kobling.mail.kinds import Kind, in_order
from kobling.mail.outbox import Letter
from kobling.portal.entered import WORDS as DEADLINES
from kobling.portal.entered import Kind as DeadlineKind
from kobling.portal.states import State
from kobling.records import N_, NP_

TITLES: Mapping[Frequency, str] = {
    Frequency.DAILY: NP_(
        "Today: %(waiting)s of %(shown)s client waits", "Today: %(waiting)s of %(shown)s clients are waiting"
    ),
    Frequency.WEEKLY: NP_(
        "Your week: %(waiting)s of %(shown)s client waits", "Your week: %(waiting)s of %(shown)s clients are waiting"
    ),
    Frequency.MONTHLY: NP_(
        "Your month: %(waiting)s of %(shown)s client waits", "Your month: %(waiting)s of %(shown)s clients are waiting"
    ),
}
OFTEN: Mapping[Frequency, str] = {
    Frequency.DAILY: N_("on working days at %(clock)s"),
    Frequency.WEEKLY: N_("every Monday at %(clock)s"),
    Frequency.MONTHLY: N_("on the first Monday of the month at %(clock)s"),
}
HEADS: Mapping[Kind, str] = {
    Kind.RECEIPTS: N_("Rec. missing"),
    Kind.READY: N_("Ready for export"),
    Kind.ISSUES: N_("Open issues"),
    Kind.WALLET: N_("Balance"),
}
_WRONG: Mapping[State, str] = {
    State.KEY: N_("A sign-in has expired at %(client)s. An administrator there must sign in again."),
    State.BAD: N_("The last run failed at %(client)s."),
    State.LATE: N_("A run that was expected did not come at %(client)s."),
}
_DASH = "–"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a digest is for, and which it is. ``client``: the name of the only one it is of, ``about`` its id.

    ``change`` and ``unsubscribe``: paths of pages.
    """

    person: Person
    firm: str
    client: str
    about: int | None
    frequency: Frequency
    kinds: frozenset[Kind]
    change: str
    unsubscribe: str


def letter(wanted: Wanted, found: Gathered, now: datetime) -> Letter:
    """The finished letter."""
    with translation.override(wanted.person.language):
        told = _Writing(wanted, found, now).words()
        unsubscribe = addresses.whole(wanted.unsubscribe)
        return Letter(
            wanted.person.email,
            told["title"],
            _as_text(told),
            drawn("digest.html", told),
            headers={
                "List-Unsubscribe": f"<{unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )


@dataclass(frozen=True, slots=True)
class _Writing:
    wanted: Wanted
    found: Gathered
    now: datetime

    @property
    def _language(self) -> str:
        return self.wanted.person.language

    @property
    def _zone(self) -> ZoneInfo:
        return spoken.zone_of(self.wanted.person.time_zone)

    def words(self) -> dict[str, Any]:
        """Everything that stands in the mail, in the order in which it is read."""
        wanted, found = self.wanted, self.found
        kinds = in_order(wanted.kinds)
        return {
            "language": self._language,
            "subject": self._title(),
            "title": self._title(),
            "firm": wanted.firm,
            "at": spoken.whole(self.now, self._language, self._zone),
            "greeting": filled(N_("Hello %(name)s."), {"name": wanted.person.first_name or wanted.person.called}),
            "summary": self._summary(),
            "heads": [self._head(each) for each in kinds],
            "lines": [self._row(each, kinds) for each in found.lines],
            "more": self._more(),
            "calm": self._calm(),
            "urgent": self._urgent(),
            "button": self._button(),
            "why": self._why(),
            "change": addresses.whole(wanted.change),
            "unsubscribe": addresses.whole(wanted.unsubscribe),
        }

    def _title(self) -> str:
        wanted, found = self.wanted, self.found
        if not found.waiting:
            return filled(N_("Nothing is outstanding")) if not wanted.client else self._calm().rstrip(".")
        if wanted.client:
            number = len(phrases.outstanding(found.totals, wanted.kinds, self._language))
            sentence = NP_("%(client)s: %(shown)s thing waits", "%(client)s: %(shown)s things wait")
            return phrases.counted(sentence, number, self._language, client=wanted.client)
        waiting = spoken.number(found.waiting, self._language)
        return phrases.counted(TITLES[wanted.frequency], found.clients, self._language, waiting=waiting)

    def _summary(self) -> list[str]:
        parts = phrases.outstanding(self.found.totals, self.wanted.kinds, self._language)
        told = [filled(N_("In all there are %(what)s."), {"what": phrases.listed(parts)})] if parts else []
        if not parts and not self.wanted.client:
            told = [filled(N_("Nothing is outstanding at any of your clients."))]
        return [*told, self._due(self.found.deadline)] if self.found.deadline else told

    def _due(self, deadline: Deadline) -> str:
        today = self.now.astimezone(self._zone).date()
        said = spoken.said_day(deadline.day, self._language, today) or spoken.day(deadline.day, self._language)
        what = filled(DEADLINES[DeadlineKind(deadline.kind)])
        sentence = NP_(
            "Latest %(day)s for %(shown)s client: %(what)s.", "Latest %(day)s for %(shown)s clients: %(what)s."
        )
        return phrases.counted(sentence, deadline.clients, self._language, day=said, what=what)

    def _currency(self) -> str:
        """The one currency of all balances shown; empty where they have several."""
        told = {each.figures.wallet_currency for each in self.found.lines if each.figures.wallet is not None}
        return told.pop() if len(told) == 1 else ""

    def _head(self, kind: Kind) -> str:
        if kind is Kind.WALLET and (currency := self._currency()):
            return filled(N_("Balance, %(currency)s"), {"currency": currency})
        return filled(HEADS[kind])

    def _row(self, line: Line, kinds: list[Kind]) -> dict[str, Any]:
        link = addresses.whole(addresses.client(line.client))
        cells = [self._cell(line, each) for each in kinds]
        return {"name": line.name, "number": line.number, "link": link, "cells": cells}

    def _cell(self, line: Line, kind: Kind) -> tuple[str, str]:
        """What stands there, and a word under it where it is bad."""
        figures, language = line.figures, self._language
        if kind is Kind.WALLET:
            if figures.wallet is None:
                return _DASH, ""
            told = spoken.amount(figures.wallet, language, "" if self._currency() else figures.wallet_currency)
            return told, filled(N_("low")) if figures.low_balance else ""
        number = {
            Kind.RECEIPTS: figures.missing_receipts,
            Kind.READY: figures.ready_count,
            Kind.ISSUES: figures.open_issues,
        }[kind]
        return (_DASH if number is None else spoken.number(number, language)), ""

    def _more(self) -> str:
        left = self.found.waiting - len(self.found.lines)
        sentence = NP_("%(shown)s more client is waiting.", "%(shown)s more clients are waiting.")
        return phrases.counted(sentence, left, self._language) if left else ""

    def _calm(self) -> str:
        names = list(self.found.calm)
        left = self.found.clients - self.found.waiting - len(names)
        if not names or (not self.found.waiting and not self.wanted.client):
            return ""
        if left:
            names.append(phrases.counted(NP_("%(shown)s other", "%(shown)s others"), left, self._language))
        return filled(N_("Nothing is outstanding at %(names)s."), {"names": phrases.listed(names)})

    def _urgent(self) -> list[str]:
        line = self.found.urgent
        if line is None:
            return []
        told = [filled(_WRONG[line.figures.state], {"client": line.name})]
        if line.figures.ready_sum:
            waits = spoken.amount(line.figures.ready_sum, self._language, line.figures.ready_currency)
            told.append(filled(N_("%(sum)s wait there to be exported."), {"sum": waits}))
        return told

    def _button(self) -> tuple[str, str]:
        if self.wanted.about is not None:
            return filled(N_("Open the client in Kobling")), addresses.whole(addresses.client(self.wanted.about))
        issues = self.found.totals.issues
        if issues and Kind.ISSUES in self.wanted.kinds:
            sentence = NP_("Open your %(shown)s issue", "Open your %(shown)s issues")
            return phrases.counted(sentence, issues, self._language), addresses.whole(addresses.WITH_ISSUES)
        return filled(N_("Open your clients")), addresses.whole(addresses.CLIENTS)

    def _why(self) -> str:
        comes = next_at(self.wanted.frequency, self.now).astimezone(self._zone)
        often = filled(OFTEN[self.wanted.frequency], {"clock": spoken.at(comes, self._language)})
        whom = self.wanted.client or phrases.counted(
            NP_("%(shown)s client", "%(shown)s clients"), self.found.clients, self._language
        )
        sentence = N_("You get this mail %(often)s, since you switched it on for %(whom)s.")
        return filled(sentence, {"often": often, "whom": whom})


def _as_text(told: Mapping[str, Any]) -> str:
    parts = [told["title"], " ".join([told["greeting"], *told["summary"]])]
    for line in told["lines"]:
        cells = [" ".join(filter(None, each)) for each in line["cells"]]
        heads = [f"{head}: {cell}" for head, cell in zip(told["heads"], cells, strict=True)]
        name = f"{line['name']} ({line['number']})" if line["number"] else line["name"]
        parts.append("\n".join([name, ", ".join(heads), line["link"]]))
    parts += [told["more"], told["calm"], " ".join(told["urgent"]), ": ".join(told["button"])]
    foot = [told["why"], f"{filled(N_('Change the frequency'))}: {told['change']}"]
    foot.append(f"{filled(N_('Unsubscribe with one click'))}: {told['unsubscribe']}")
    return "\n\n".join([*filter(None, parts), "\n".join(foot)]) + "\n"
