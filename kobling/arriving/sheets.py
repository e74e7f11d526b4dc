"""Many colleagues from a sheet: what each line is, what will happen to it, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kobling.access.policy import Actor, InFirm, require_in_firm
from kobling.arriving.inviting import Invited, Link, checked, invite, why_not
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

MOST = 500
_BETWEEN = re.compile(r"[\t;,]")
_IN_BRACKETS = re.compile(r"^(?P<name>.*)<(?P<email>[^<>]+)>\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sheet. ``problem`` is a sentence about it, empty where the colleague can be invited."""

    number: int
    text: str
    name: str
    email: str
    problem: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was pasted. ``invited`` counts lines that went, ``left`` holds those that did not, as they were."""

    lines: tuple[Line, ...]
    invited: int = 0

    @property
    def good(self) -> tuple[Line, ...]:
        """Lines that can go, or went."""
        return tuple(each for each in self.lines if not each.problem)

    @property
    def bad(self) -> tuple[Line, ...]:
        """Lines that a person has to look at."""
        return tuple(each for each in self.lines if each.problem)

    @property
    def left(self) -> str:
        """What stays in the box."""
        return "\n".join(each.text for each in self.bad)


def read(actor: Actor, firm: int, text: str, now: datetime) -> Sheet:
    """What will happen to each line: nothing is done yet. Empty lines count for nothing."""
    require_in_firm(actor, InFirm.PEOPLE, firm)
    lines: list[Line] = []
    seen: dict[str, int] = {}
    given = [(number, each) for number, each in enumerate(text.splitlines(), 1) if each.strip()]
    for number, each in given:
        line = _line(number, each, firm, now) if len(lines) < MOST else _too_many(number, each)
        if not line.problem and line.email in seen:
            line = _with(line, N_("%(email)s stands in line %(line)s already."), line=seen[line.email])
        elif not line.problem:
            seen[line.email] = number
        lines.append(line)
    return Sheet(tuple(lines))


def invite_many(actor: Actor, firm: int, text: str, like: Invited, now: datetime, link: Link) -> Sheet:
    """Invite those whose lines are good, with the role and language of ``like``; the others stay as they are."""
    with sql.together():
        sheet = read(actor, firm, text, now)
        for each in sheet.good:
            invite(actor, firm, Invited(each.name, each.email, like.role, like.language), now, link)
    return Sheet(sheet.lines, len(sheet.good))


def _line(number: int, text: str, firm: int, now: datetime) -> Line:
    name, email = _parts(text)
    line = Line(number, text, name, email)
    if not email:
        return _with(line, N_("There is no e-mail address in this line."))
    try:
        line = Line(number, text, name, checked(Invited(name, email)).email)
    except SettingsError as refused:
        return Line(number, text, name, email, refused.summary, refused.params)
    problem = why_not(firm, line.email, now)
    return _with(line, problem) if problem else line


def _parts(text: str) -> tuple[str, str]:
    """Name and address of a line, in whichever order: cells by tab, ``;`` or ``,``, or ``Name <address>``."""
    bracketed = _IN_BRACKETS.match(text.strip())
    if bracketed:
        return bracketed["name"].strip().strip('"'), bracketed["email"].strip()
    cells = [each.strip().strip('"') for each in _BETWEEN.split(text)]
    email = next((each for each in cells if "@" in each), "")
    return " ".join(each for each in cells if each and each != email), email


def _too_many(number: int, text: str) -> Line:
    return _with(
        Line(number, text, *_parts(text)), N_("Only %(most)s lines go at once. Send this one next."), most=MOST
    )


def _with(line: Line, problem: str, /, **params: Any) -> Line:
    return Line(line.number, line.text, line.name, line.email, problem, {"email": line.email, **params})
