"""Many clients from a list: what each line is, what will happen to it, and what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kobling.access.models import Client, Firm, Onboarding
from kobling.access.policy import Actor, InFirm, require_in_firm
from kobling.arriving.inviting import Invited, Link, checked
from kobling.arriving.inviting_clients import Wish, invite_client
from kobling.hub.services import clients, onboarding
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

MOST = 1000
_BETWEEN = ("\t", ";", ",")
_HEADS = frozenset({"name", "client", "company", "navn", "namn", "kunde", "klient", "kund", "virksomhed", "företag"})
_LONGEST_REGISTERED = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list. ``problem`` is a sentence about it, empty where the client can be made.

    ``doubtful``: the check digit of its registered number does not fit, which stops nothing.
    """

    number: int
    text: str
    name: str
    code: str = ""
    registered: str = ""
    contact: str = ""
    email: str = ""
    doubtful: bool = False
    problem: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clients:
    """What was pasted. ``invited`` and ``added`` count what was done, ``left`` holds lines that a person must see."""

    lines: tuple[Row, ...]
    invited: int = 0
    added: int = 0

    @property
    def good(self) -> tuple[Row, ...]:
        """Lines that can go, or went."""
        return tuple(each for each in self.lines if not each.problem)

    @property
    def bad(self) -> tuple[Row, ...]:
        """Lines that a person has to look at."""
        return tuple(each for each in self.lines if each.problem)

    @property
    def left(self) -> str:
        """What stays in the box."""
        return "\n".join(each.text for each in self.bad)


def read(actor: Actor, firm: int, text: str, country: str = "dk") -> Clients:
    """What will happen to each line: nothing is done yet. Empty lines and a head count for nothing."""
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    known = _Known(firm)
    lines: list[Row] = []
    for number, each in _lines(text):
        row = _row(number, each, country)
        if len(lines) >= MOST:
            row = _with(row, N_("Only %(most)s lines go at once. Send this one next."), most=MOST)
        lines.append(known.judged(row))
    return Clients(tuple(lines))


def take_many(actor: Actor, firm: int, text: str, like: Wish, now: datetime, link: Link) -> Clients:
    """Make the clients of the good lines: invited where there is an address, else active at once. The others stay."""
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    with sql.together():
        row = Firm.objects.select_for_update().get(pk=firm)
        sheet = read(actor, firm, text, like.country)
        for each in sheet.good:
            if each.email:
                invite_client(actor, firm, _wish(each, like), now, link)
            else:
                _add(actor, row, each, like.country, now)
    invited = sum(bool(each.email) for each in sheet.good)
    return replace(sheet, invited=invited, added=len(sheet.good) - invited)


def _wish(row: Row, like: Wish) -> Wish:
    return replace(
        like,
        name=row.name,
        email=row.email,
        number=row.code,
        registered_number=row.registered,
        contact_name=row.contact,
    )


def _add(actor: Actor, firm: Firm, row: Row, country: str, now: datetime) -> None:
    made = clients.add(actor, row.name, number=row.code, firm=firm)
    if row.registered or row.contact:
        Onboarding.objects.create(
            client=made,
            begun_by=actor.key,
            begun_at=now,
            country=country[:2],
            registered_number=row.registered,
            contact_name=row.contact,
        )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    given = [(number, each) for number, each in enumerate(text.lstrip("\ufeff").splitlines(), 1) if each.strip()]
    headed = bool(given) and _cells(given[0][1])[0].casefold() in _HEADS
    yield from given[headed:]


def _cells(text: str) -> list[str]:
    """The cells of a line: by tab where there is one, else by ``;``, else by ``,``; five at least."""
    mark = next((each for each in _BETWEEN if each in text), ";")
    try:
        found = next(csv.reader([text], delimiter=mark), [])
    except csv.Error:
        found = text.split(mark)
    return [each.strip() for each in found] + [""] * (5 - len(found))


def _row(number: int, text: str, country: str) -> Row:
    name, code, registered, contact, email, *more = _cells(text)
    row = Row(number, text, name, code, registered, contact, email.lower())
    if any(more):
        return _with(row, N_("There are more than five cells in this line."))
    try:
        clients.checked(name, code)
        if email:
            checked(Invited(contact, email))
    except SettingsError as refused:
        return _with(row, refused.summary, **refused.params)
    if len(registered) > _LONGEST_REGISTERED:
        return _with(row, N_("A registered number has at most %(most)s characters."), most=_LONGEST_REGISTERED)
    if len(contact) > 150:
        return _with(row, N_("A name has at most %(most)s characters."), most=150)
    return replace(row, doubtful=bool(registered) and onboarding.doubtful(country, registered))


class _Known:
    """What tells the firm's clients apart, and in which line of the list each first stood."""

    def __init__(self, firm: int) -> None:
        rows = Client.objects.filter(firm=firm)
        self.names = {(name.casefold(), number): name for name, number in rows.values_list("name", "number")}
        self.numbers = {number: name for (_, number), name in self.names.items() if number}
        numbered = Onboarding.objects.filter(client__firm=firm).exclude(registered_number="")
        self.registered = {
            _bare(told): name for told, name in numbered.values_list("registered_number", "client__name")
        }
        self.lines: dict[tuple[str, str], int] = {}

    def judged(self, row: Row) -> Row:
        """The line with what is wrong with it beside the clients that there are, and the lines before it."""
        if row.problem:
            return row
        marks = [("name", f"{row.name.casefold()}\n{row.code}"), ("number", row.code), ("cvr", _bare(row.registered))]
        there = self.names.get((row.name.casefold(), row.code))
        there = there or self.numbers.get(row.code) or self.registered.get(_bare(row.registered))
        if there:
            return _with(row, N_("This is “%(there)s”, a client of yours already."), there=there)
        for mark in marks:
            if mark[1].strip() and mark in self.lines:
                return _with(row, N_("This client stands in line %(line)s already."), line=self.lines[mark])
        self.lines.update({mark: row.number for mark in marks if mark[1].strip()})
        return row


def _bare(number: str) -> str:
    return "".join(each for each in number if each.isalnum()).upper()


def _with(row: Row, problem: str, /, **params: Any) -> Row:
    return replace(row, problem=problem, params={"name": row.name, "email": row.email, **params})
