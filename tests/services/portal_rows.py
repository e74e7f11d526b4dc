"""The rows of ``rows.py`` for the portal."""

from __future__ import annotations

from datetime import UTC

from kobling.hub.services import activity, looking_after, starting
from kobling.portal import cards, days, details, entered, lately, mine, tabs, watching
from kobling.portal import clients as portal_clients
from kobling.records import SettingsError
from tests.services.house import NOW
from tests.services.rows import GIVEN, IN_FIRM, PURE, RECKONED, SEE, WORK, Row

PORTAL = {
    "portal.clients.figures_of": Row(
        SEE, lambda who, h: list(portal_clients.figures_of(who, [h.client.pk])), shows_nothing=True
    ),
    "portal.tabs.tabs_of": Row(
        SEE,
        lambda who, h: [each for each in tabs.tabs_of(who) if tabs.clients_in(who, each.tab).filter(pk=h.client.pk)],
        shows_nothing=True,
    ),
    "portal.tabs.clients_in": Row(
        SEE, lambda who, h: list(tabs.clients_in(who, tabs.Tab.ALL).filter(pk=h.client.pk)), shows_nothing=True
    ),
    "portal.entered.set_wallet_threshold": Row(WORK, lambda who, h: entered.set_wallet_threshold(who, h.client, "5")),
    "portal.entered.add_deadline": Row(WORK, lambda who, h: entered.add_deadline(who, h.client, "vat", NOW.date())),
    "portal.entered.remove_deadline": Row(WORK, lambda who, h: entered.remove_deadline(who, h.client, "vat", h.day)),
    "portal.entered.deadlines": Row(SEE, lambda who, h: entered.deadlines(who, h.client), shows_nothing=True),
}
OWN = SEE - {"operator"}
"""People alone keep something for themselves."""
PORTAL |= {
    "portal.mine.favour": Row(OWN, lambda who, h: mine.favour(who, h.client, on=True)),
    "portal.mine.snooze": Row(OWN, lambda who, h: mine.snooze(who, h.client, NOW, UTC)),
    "portal.mine.wake": Row(OWN, lambda who, h: mine.wake(who, h.client)),
    "portal.mine.note_opened": Row(OWN, lambda who, h: mine.note_opened(who, h.client, NOW)),
    "portal.mine.said_of": Row(SEE, lambda who, h: mine.said_of(who, h.client, NOW)),
    "portal.mine.places": Row(
        SEE,
        lambda who, h: [each for each in mine.places(who, "da", "test aps").found if each.pk == h.client.pk],
        shows_nothing=True,
    ),
    "portal.details.bookkeepers": Row(SEE, lambda who, h: details.bookkeepers(who, h.client)),
    "portal.details.allowed": Row(SEE, lambda who, h: details.allowed(who, h.client, NOW)),
    "portal.cards.cards": Row(SEE, lambda who, h: cards.cards(who, h.client, NOW)),
    "portal.days.days_of": Row(SEE, lambda who, h: days.days_of(who, h.client, NOW)),
    "portal.lately.last_runs": Row(SEE, lambda who, h: lately.last_runs(who, h.client)),
    "portal.watching.watched": Row(SEE, lambda who, h: watching.watched(who, h.synced.pk)),
    "activity.activity": Row(SEE, lambda who, h: activity.activity(who, h.client)),
    "activity.subscriptions": Row(SEE, lambda who, h: activity.subscriptions(who, h.client)),
    "starting.start": Row(WORK, lambda who, h: starting.start(who, h.client, NOW)),
    "looking_after.colleagues_for": Row(
        IN_FIRM, lambda who, h: looking_after.colleagues_for(who, [h.client.pk]), shows_nothing=True
    ),
    "looking_after.assign_many": Row(
        IN_FIRM, lambda who, h: looking_after.assign_many(who, [h.client.pk], h.member.pk)
    ),
    "looking_after.unassign_many": Row(
        IN_FIRM, lambda who, h: looking_after.unassign_many(who, [h.client.pk], h.member.pk)
    ),
    "looking_after.leave": Row(
        SEE, lambda who, h: looking_after.leave(who, h.client), ends=(SettingsError, "not_assigned"), but={"assigned"}
    ),
    "looking_after.looks_after": Row(
        frozenset({"assigned"}),
        lambda who, h: [each for each in (looking_after.looks_after(who, h.client),) if each],
        shows_nothing=True,
    ),
}

PORTAL_WITHOUT_ACTOR: dict[str, str] = {
    "portal.months.keep": RECKONED,
    "portal.months.counted": PURE,
    "portal.months.shown_months": PURE,
    "portal.months.not_done": GIVEN,
    "portal.months.months_of": GIVEN,
    "portal.months.Month.is_done": GIVEN,
    "portal.facts.gather": RECKONED,
    "portal.figures.renew": RECKONED,
    "portal.figures.row_of": RECKONED,
    "portal.figures.changes_at": RECKONED,
    "portal.renewing.renew_marked": RECKONED,
    "portal.renewing.renew_by_time": RECKONED,
    "portal.renewing.right_after": RECKONED,
    "portal.states.state_of": PURE,
    "portal.states.state_of_client": PURE,
    "portal.states.late_from": PURE,
    "portal.clients.looked_after_by": GIVEN,
    "portal.mine.with_mine": GIVEN,
    "portal.mine.tomorrow": PURE,
    "portal.days.Days.is_empty": GIVEN,
    "portal.watching.Watched.is_over": GIVEN,
    "portal.tabs.begins_in": GIVEN,
    "arriving.inviting_clients.company_admins": "looks up whom a service writes to that has asked",
    "arriving.incoming.firm_admins": "looks up whom a service writes to that has asked",
    "portal.clients.Figures.of": GIVEN,
    "portal.clients.Figures.sign_in_days": GIVEN,
    "arriving.letters.written": PURE,
    "arriving.letters.colleague_invited": PURE,
    "arriving.letters.client_invited": PURE,
    "arriving.letters.client_reminded": PURE,
    "arriving.letters.firm_asked": PURE,
    "arriving.letters.client_declined": PURE,
    "arriving.letters.permission_asked": PURE,
    "arriving.inviting.checked": PURE,
    "arriving.inviting.hash_of": PURE,
    "arriving.inviting.why_not": "looks in the name of inviting.invite and sheets.read, which have asked",
    "arriving.inviting.unanswered": "looks in the name of services that narrow it to what the actor may see",
    "arriving.sheets.Sheet.good": GIVEN,
    "arriving.sheets.Sheet.bad": GIVEN,
    "arriving.sheets.Sheet.left": GIVEN,
}
