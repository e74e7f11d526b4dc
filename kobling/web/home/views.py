"""A client's home and its history."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render

from kobling.hub.services import clients
from kobling.hub.services.activity import activity
from kobling.portal import mine
from kobling.portal.cards import Card, cards
from kobling.portal.days import days_of
from kobling.portal.details import allowed, bookkeepers
from kobling.portal.lately import last_runs
from kobling.portal.states import State
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of
from kobling.web.ground.standing import behind
from kobling.web.home.chart import chart_of
from kobling.web.home.timeline import timeline

RECORDS = "records"
LATELY, PAGE = 6, 50


def home(request: Asking, client: int) -> HttpResponse:
    """How one client stands: cards, what was moved, runs, and who did what."""
    who, now = request.actor, request.now
    found = clients.get(who, client)
    mine.note_opened(who, found, now)
    pairs, days = cards(who, found, now), days_of(who, found, now)
    last = last_runs(who, found)
    by_amount = bool(days.currency) and request.GET.get("show") != RECORDS
    missing = any(each.standing.state is State.LATE for each in pairs)
    context = {
        "client": found,
        "may": allowed(who, found, now),
        "people": bookkeepers(who, found),
        "cards": [(each, _behind(each, now)) for each in pairs],
        "pressing": next((each for each in pairs if each.at_stake or each.standing.state in _TOLD), None),
        "days": days,
        "by_amount": by_amount,
        "chart": chart_of(days, by_amount=by_amount, missing=missing),
        "runs": last,
        "lines": timeline(activity(who, found, LATELY), last, LATELY),
    }
    return render(request, "home/home.html", context)


_TOLD = (State.LATE, State.BAD, State.KEY)


def _behind(card: Card, now: datetime) -> str:
    standing = card.standing
    since = card.expected_at if standing.state is State.LATE else standing.at
    return behind(standing.state, now, issues=card.open_issues, since=since, until=standing.until)


def history(request: Asking, client: int) -> HttpResponse:
    """Everything that was done with a client, a page at a time."""
    found = clients.get(request.actor, client)
    before = number_of(request.GET.get("before"))
    done = activity(request.actor, found, PAGE + 1, before)
    more = done[PAGE - 1].pk if len(done) > PAGE else None
    return render(request, "home/history.html", {"client": found, "done": done[:PAGE], "more": more, "before": before})
