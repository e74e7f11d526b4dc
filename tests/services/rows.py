"""Every service, who is served by it, and how it is called: a service without a row fails the tests.

``SERVICES``: those that take who asks. ``WITHOUT_ACTOR``: everything else that is public, each with the reason why it
need not know who asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kobling.access.policy import Actor
from kobling.arriving import (
    incoming,
    inviting,
    inviting_clients,
    permitting,
    sheets,
)
from kobling.hub.services import (
    answering,
    archiving,
    assigning,
    clients,
    connections,
    credentials,
    crediting,
    deciding,
    exporting,
    figures,
    history,
    identity,
    issues,
    joining,
    keys,
    marketplace,
    matching,
    mending,
    numbering,
    onboarding,
    overview,
    pairs,
    people,
    plans,
    reviewing,
    setting_up,
    stock,
    syncing,
    undoing,
    verifying,
)
from kobling.mapping import Side
from kobling.records import KoblingError, SettingsError
from tests.services.cast import NOBODYS
from tests.services.house import ANSWER, NOW, WISH, House, Quiet

EVERYBODY = frozenset({"operator", "firm_admin", "assigned", "company_admin", "company_user", *NOBODYS})
SEE = frozenset({"operator", "firm_admin", "assigned", "company_admin", "company_user"})
WORK = SEE - {"company_user"}
PLAN = SPEND = WORK
SET_UP = WORK - {"assigned"}
IN_FIRM = frozenset({"operator", "firm_admin"})
OPERATOR = frozenset({"operator"})
OF_FIRM = IN_FIRM | {"operator_for_another"}
"""Of a firm, not of a client: an operator who acts for one client alone is the operator still."""


@dataclass(frozen=True)
class Row:
    """Who is served. ``ends``: the error (class and code) by which it ends for them in this world, else it returns.

    ``shows_nothing``: a list, which is empty for all others instead of refusing them.
    """

    allowed: frozenset[str]
    call: Callable[[Actor, House], object]
    ends: tuple[type[KoblingError], str] | None = None
    shows_nothing: bool = False
    but: frozenset[str] | set[str] = frozenset()
    """Those of the allowed for whom it returns, where it ends for the others."""


CLIENTS = {
    "clients.find": Row(SEE, lambda who, h: clients.find(who, "Test ApS")),
    "clients.get": Row(SEE, lambda who, h: clients.get(who, h.client.pk)),
    "clients.listed": Row(SEE, lambda who, h: _ours(clients.listed(who), h), shows_nothing=True),
    "clients.chosen": Row(SEE, lambda who, h: clients.chosen(who, "Test ApS")),
    "clients.chosen_if_any": Row(SEE, lambda who, h: clients.chosen_if_any(who, "Test ApS")),
    "clients.find_or_add": Row(SET_UP, lambda who, h: clients.find_or_add(who, "Test ApS")),
    "clients.add": Row(IN_FIRM | {"operator_for_another"}, lambda who, h: clients.add(who, "Ny", firm=h.client.firm)),
    "clients.find_firm": Row(
        IN_FIRM | {"assigned", "unassigned", "in_two_firms", "operator_for_another"},
        lambda who, h: clients.find_firm(who, "Bogholderiet"),
    ),
    "clients.move": Row(OPERATOR, lambda who, h: clients.move(who, h.client, None)),
    "clients.assign": Row(IN_FIRM, lambda who, h: clients.assign(who, h.client, h.member)),
    "clients.unassign": Row(IN_FIRM, lambda who, h: clients.unassign(who, h.client, h.member)),
}
NEW = inviting.Invited("Ny", "ny@n.example")
PEOPLE = {
    "people.administered": Row(
        IN_FIRM | {"other_firm_admin", "operator_for_another"}, lambda who, h: people.administered(who)
    ),
    "people.colleagues": Row(OF_FIRM, lambda who, h: people.colleagues(who, h.firm), shows_nothing=True),
    "people.colleague": Row(OF_FIRM, lambda who, h: people.colleague(who, h.member.pk)),
    "people.set_role": Row(OF_FIRM, lambda who, h: people.set_role(who, h.member.pk, "firm_admin")),
    "people.remove": Row(OF_FIRM, lambda who, h: people.remove(who, h.member.pk)),
    "people.demand_second_factor": Row(
        OF_FIRM, lambda who, h: people.demand_second_factor(who, h.firm, True, {who.person or 0})
    ),
    "assigning.choices": Row(OF_FIRM, lambda who, h: assigning.choices(who, h.member.pk)),
    "assigning.successors": Row(OF_FIRM, lambda who, h: assigning.successors(who, h.member.pk)),
    "assigning.bookkeepers": Row(
        OF_FIRM,
        lambda who, h: [each for each, _ in assigning.bookkeepers(who) if each.firm == h.firm],
        shows_nothing=True,
    ),
    "assigning.assign_chosen": Row(
        IN_FIRM, lambda who, h: assigning.assign_chosen(who, h.member.pk, [h.client.pk], [h.client.pk])
    ),
    "assigning.hand_over": Row(
        IN_FIRM, lambda who, h: assigning.hand_over(who, h.looks_after.pk, {h.client.pk: h.member.pk})
    ),
    "joining.sign_in_link": Row(OPERATOR, lambda who, h: joining.sign_in_link(who, h.member.person, NOW)),
    "joining.join": Row(frozenset({"stranger"}), lambda who, h: joining.join(who, h.secret, NOW)),
    "arriving.inviting.invite": Row(OF_FIRM, lambda who, h: inviting.invite(who, h.firm, NEW, NOW, str)),
    "arriving.inviting.waiting": Row(OF_FIRM, lambda who, h: list(inviting.waiting(who, h.firm)), shows_nothing=True),
    "arriving.inviting.send_again": Row(OF_FIRM, lambda who, h: inviting.send_again(who, h.invitation, NOW, str)),
    "arriving.inviting.withdraw": Row(OF_FIRM, lambda who, h: inviting.withdraw(who, h.invitation, NOW)),
    "arriving.inviting.sender": Row(EVERYBODY, lambda who, h: inviting.sender(who)),
    "arriving.sheets.read": Row(OF_FIRM, lambda who, h: sheets.read(who, h.firm, "ny@n.example", NOW)),
    "arriving.sheets.invite_many": Row(
        OF_FIRM, lambda who, h: sheets.invite_many(who, h.firm, "ny@n.example", NEW, NOW, str)
    ),
}
BOTH = IN_FIRM | {"assigned", "company_admin"}
BOSS = frozenset({"company_admin"})
WISH_CLIENT = inviting_clients.Wish("Ny ApS", "ny@x.example")
ARRIVING = {
    "onboarding.told": Row(BOTH, lambda who, h: onboarding.told(who, h.coming)),
    "onboarding.told_to_company": Row(BOSS, lambda who, h: onboarding.told_to_company(who, h.coming)),
    "onboarding.confirm_company": Row(BOSS, lambda who, h: onboarding.confirm_company(who, h.coming, "dk", "1", NOW)),
    "onboarding.confirm_person": Row(BOSS, lambda who, h: onboarding.confirm_person(who, h.coming, "direktør", NOW)),
    "onboarding.give_access": Row(BOSS, lambda who, h: onboarding.give_access(who, h.coming, "limited", NOW)),
    "onboarding.give_power": Row(BOSS, lambda who, h: onboarding.give_power(who, h.coming, "Bo", True, NOW)),
    "onboarding.take_back_power": Row(BOSS, lambda who, h: onboarding.take_back_power(who, h.coming, NOW)),
    "onboarding.assign": Row(IN_FIRM, lambda who, h: onboarding.assign(who, h.coming, h.member.pk)),
    "archiving.look": Row(IN_FIRM, lambda who, h: archiving.look(who, h.client.pk)),
    "archiving.archive": Row(IN_FIRM, lambda who, h: archiving.archive(who, h.client.pk, NOW)),
    "archiving.archived": Row(IN_FIRM, lambda who, h: list(archiving.archived(who)), shows_nothing=True),
    "archiving.bring_back": Row(IN_FIRM, lambda who, h: archiving.bring_back(who, h.away, NOW)),
    "arriving.inviting_clients.invite_client": Row(
        OF_FIRM, lambda who, h: inviting_clients.invite_client(who, h.firm, WISH_CLIENT, NOW, str)
    ),
    "arriving.inviting_clients.sent": Row(IN_FIRM, lambda who, h: list(inviting_clients.sent(who)), shows_nothing=True),
    "arriving.inviting_clients.remind": Row(
        IN_FIRM | {"assigned"}, lambda who, h: inviting_clients.remind(who, h.coming, NOW, "x")
    ),
    "arriving.incoming.own_code": Row(EVERYBODY, lambda who, h: incoming.own_code(who)),
    "arriving.incoming.new_join_code": Row(OF_FIRM, lambda who, h: incoming.new_join_code(who, h.firm)),
    "arriving.incoming.ask_firm": Row(BOSS, lambda who, h: incoming.ask_firm(who, h.free, h.code, NOW, "x")),
    "arriving.incoming.take_back": Row(BOSS, lambda who, h: incoming.take_back(who, h.incoming)),
    "arriving.incoming.incoming": Row(IN_FIRM, lambda who, h: list(incoming.incoming(who)), shows_nothing=True),
    "arriving.incoming.asked_by": Row(IN_FIRM, lambda who, h: incoming.asked_by(who, h.incoming)),
    "arriving.incoming.accept": Row(IN_FIRM, lambda who, h: incoming.accept(who, h.incoming, h.member.pk, NOW)),
    "arriving.incoming.decline": Row(IN_FIRM, lambda who, h: incoming.decline(who, h.incoming, "nej", NOW)),
    "arriving.permitting.permissions": Row(BOTH, lambda who, h: permitting.permissions(who, h.coming)),
    "arriving.permitting.ask": Row(
        IN_FIRM | BOSS, lambda who, h: permitting.ask(who, h.coming, "extended", NOW, lambda firm: "x")
    ),
    "arriving.permitting.answer": Row(BOSS, lambda who, h: permitting.answer(who, h.coming, "invoices", True, NOW)),
    "arriving.permitting.take_back": Row(
        IN_FIRM | BOSS, lambda who, h: permitting.take_back(who, h.coming, "invoices", NOW)
    ),
}
CONNECTIONS = {
    "connections.connect": Row(
        SET_UP, lambda who, h: connections.connect(who, h.client, h.opener, "left", {}, "another")
    ),
    "connections.test": Row(SPEND, lambda who, h: connections.test(who, h.pair.left, h.opener)),
    "connections.amend": Row(SET_UP, lambda who, h: connections.amend(who, h.pair.left, h.opener, {}, ())),
    "connections.find": Row(WORK, lambda who, h: connections.find(who, "left")),
    "connections.listed": Row(SEE, lambda who, h: connections.listed(who), shows_nothing=True),
    "connections.probe": Row(SPEND, lambda who, h: connections.probe(who, h.pair.left, h.opener)),
    "credentials.listed": Row(SET_UP, lambda who, h: credentials.listed(who), shows_nothing=True),
    "credentials.revoke": Row(SET_UP, lambda who, h: credentials.revoke(who, h.pair.left, NOW)),
    "credentials.rename": Row(SET_UP, lambda who, h: credentials.rename(who, h.pair.left, "new")),
    "figures.figures": Row(SPEND, lambda who, h: figures.figures(who, h.pair.left, h.opener)),
    "figures.refresh": Row(SPEND, lambda who, h: figures.refresh(who, h.client, NOW)),
    "figures.told": Row(SEE, lambda who, h: figures.told(who, h.client, NOW), shows_nothing=True),
    "stock.availability": Row(SPEND, lambda who, h: stock.availability(who, h.pair, ["1"], h.opener, NOW)),
}
MARKET = {
    "marketplace.offers": Row(SEE, lambda who, h: marketplace.offers(who, h.client, h.opener)),
    "marketplace.set_price": Row(
        OPERATOR | {"operator_for_another"},
        lambda who, h: marketplace.set_price(who, h.opener, "memory", "1", "DKK", "month"),
    ),
    "marketplace.activate": Row(SET_UP, lambda who, h: marketplace.activate(who, h.client, h.opener, "memory", NOW)),
    "marketplace.deactivate": Row(SET_UP, lambda who, h: marketplace.deactivate(who, h.client, h.opener, "sold", NOW)),
    "setting_up.overview": Row(SEE, lambda who, h: setting_up.overview(who, h.client, "memory", h.opener)),
    "setting_up.perform": Row(SET_UP, lambda who, h: setting_up.perform(who, h.client, "memory", "read", {}, h.opener)),
    "setting_up.skip": Row(SET_UP, lambda who, h: setting_up.skip(who, h.client, "memory", "more", h.opener)),
}
PAIRS = {
    "pairs.create": Row(SET_UP, lambda who, h: pairs.create(who, h.client, h.opener, "sold")),
    "pairs.configure": Row(SET_UP, lambda who, h: pairs.configure(who, h.pair, h.opener, {})),
    "pairs.schedule": Row(SET_UP, lambda who, h: pairs.schedule(who, h.pair, NOW)),
    "pairs.find": Row(SEE, lambda who, h: pairs.find(who, "test")),
    "pairs.listed": Row(SEE, lambda who, h: pairs.listed(who), shows_nothing=True),
    "pairs.status": Row(SEE, lambda who, h: pairs.status(who, h.pair)),
}
RUNS = {
    "syncing.sync": Row(WORK, lambda who, h: syncing.sync(who, h.pair, NOW)),
    "syncing.plan": Row(PLAN, lambda who, h: syncing.plan(who, h.pair, NOW)),
    "syncing.sync_planned": Row(WORK, lambda who, h: syncing.sync_planned(who, h.pair, h.planned, NOW)),
    "syncing.sync_one": Row(WORK, lambda who, h: syncing.sync_one(who, h.pair, h.opener, "customers", h.alone, NOW)),
    "syncing.cancel": Row(WORK, lambda who, h: syncing.cancel(who, h.waiting_run, NOW)),
    "syncing.find_run": Row(SEE, lambda who, h: syncing.find_run(who, h.synced.pk)),
    "syncing.listed": Row(SEE, lambda who, h: syncing.listed(who), shows_nothing=True),
    "plans.left_out": Row(SEE, lambda who, h: plans.left_out(who, h.planned, h.opener)),
    "plans.summarise": Row(SEE, lambda who, h: plans.summarise(who, h.planned)),
    "reviewing.review": Row(SEE, lambda who, h: reviewing.review(who, h.pair, h.opener)),
    "reviewing.prepared": Row(SEE, lambda who, h: reviewing.prepared(who, h.pair)),
    "reviewing.overtaken": Row(SEE, lambda who, h: reviewing.overtaken(who, h.pair)),
    "reviewing.prepare": Row(PLAN, lambda who, h: reviewing.prepare(who, h.pair, NOW)),
    "reviewing.start": Row(WORK, lambda who, h: reviewing.start(who, h.pair, h.opener, NOW)),
    "reviewing.resume": Row(
        WORK,
        lambda who, h: reviewing.resume(who, h.pair, h.opener, NOW),
        ends=(SettingsError, "nothing_to_resume"),
    ),
    "undoing.prepare": Row(SPEND, lambda who, h: undoing.prepare(who, h.synced, h.opener)),
    "undoing.start": Row(WORK, lambda who, h: undoing.start(who, h.synced, undoing.Undo(), h.opener, NOW)),
    "crediting.draft_credit_notes": Row(
        WORK,
        lambda who, h: crediting.draft_credit_notes(who, h.synced, {("customers", h.right_id): "Alfa"}, h.opener),
    ),
    "verifying.verify": Row(SPEND, lambda who, h: verifying.verify(who, h.pair, h.opener)),
}
RECORDS = {
    "issues.listed": Row(SEE, lambda who, h: issues.listed(who), shows_nothing=True),
    "issues.find": Row(WORK, lambda who, h: issues.find(who, h.issue.pk)),
    "issues.settle": Row(WORK, lambda who, h: issues.settle(who, h.issue, "left", h.opener, NOW)),
    "issues.retry_all": Row(WORK, lambda who, h: issues.retry_all(who, h.pair, h.opener, NOW)),
    "issues.choices": Row(SEE, lambda who, h: issues.choices(who, h.issue, h.opener)),
    "issues.preview": Row(WORK, lambda who, h: issues.preview(who, [h.issue], "left", h.opener, NOW)),
    "answering.carry_out": Row(
        WORK, lambda who, h: answering.carry_out(who, answering.about(h.issue, h.bench), "right", NOW)
    ),
    "answering.uncouple": Row(WORK, lambda who, h: answering.uncouple(who, h.bench, h.links, NOW, "")),
    "deciding.decide": Row(WORK, lambda who, h: deciding.decide(who, h.table, Side.LEFT, h.alone, "create", NOW)),
    "deciding.decide_many": Row(
        WORK, lambda who, h: deciding.decide_many(who, h.table, Side.LEFT, [h.alone], "create", NOW)
    ),
    "issues.couple": Row(
        WORK, lambda who, h: issues.couple(who, h.pair, h.opener, "customers", h.alone, h.partner, NOW)
    ),
    "issues.uncouple": Row(WORK, lambda who, h: issues.uncouple(who, h.pair, h.opener, "customers", h.left_id, NOW)),
    "matching.preview": Row(SEE, lambda who, h: matching.preview(who, h.pair, "customers", [], h.opener)),
    "matching.apply": Row(WORK, lambda who, h: matching.apply(who, h.pair, "customers", [], h.opener, NOW)),
    "matching.couple_many": Row(
        WORK, lambda who, h: matching.couple_many(who, h.pair, h.opener, "customers", [(h.alone, h.partner)], NOW)
    ),
    "matching.uncouple_many": Row(WORK, lambda who, h: matching.uncouple_many(who, h.pair, h.opener, "customers", NOW)),
    "matching.never_many": Row(
        WORK, lambda who, h: matching.never_many(who, h.pair, h.opener, "customers", [(h.alone, h.partner)], NOW)
    ),
    "mending.listed": Row(SEE, lambda who, h: mending.listed(who, h.pair)),
    "mending.broken": Row(SEE, lambda who, h: mending.broken(who, h.pair, h.opener)),
    "mending.count": Row(SEE, lambda who, h: mending.count(who, h.pair, h.opener)),
    "mending.mend": Row(WORK, lambda who, h: mending.mend(who, h.pair, h.opener, NOW, "find")),
    "keys.rotate": Row(OPERATOR, lambda who, h: keys.rotate(who)),
    "keys.renew": Row(OPERATOR, lambda who, h: keys.renew(who, NOW)),
    "history.history": Row(SEE, lambda who, h: history.history(who, h.pair, h.left_id)),
    "identity.findings": Row(
        SPEND, lambda who, h: identity.findings(who, h.pair, h.opener, online=True, register=Quiet())
    ),
    "numbering.compare": Row(SPEND, lambda who, h: numbering.compare(who, h.numbered, h.opener)),
    "numbering.settle": Row(WORK, lambda who, h: numbering.settle(who, h.numbered, h.opener, "make", h.alone, "", NOW)),
    "numbering.settle_all": Row(WORK, lambda who, h: numbering.settle_all(who, h.numbered, h.opener, "only_left", NOW)),
    "overview.payments": Row(SEE, lambda who, h: overview.payments(who, h.pair, h.opener, NOW.date())),
    "overview.receipt": Row(SPEND, lambda who, h: overview.receipt(who, h.pair, h.opener, "1")),
}
FILES = {
    "exporting.preview": Row(SPEND, lambda who, h: exporting.preview(who, h.pair.left, h.opener, WISH)),
    "exporting.make": Row(WORK, lambda who, h: exporting.make(who, h.pair.left, h.opener, WISH, NOW)),
    "exporting.download": Row(SEE, lambda who, h: exporting.download(who, h.file.pk)),
    "exporting.find": Row(WORK, lambda who, h: exporting.find(who, h.file.pk)),
    "exporting.listed": Row(SEE, lambda who, h: exporting.listed(who), shows_nothing=True),
    "exporting.documents": Row(SEE, lambda who, h: exporting.documents(who, h.file)),
    "exporting.left_out": Row(SEE, lambda who, h: exporting.left_out(who, h.file)),
    "exporting.mark_transferred": Row(WORK, lambda who, h: exporting.mark_transferred(who, h.file, h.opener, NOW)),
    "exporting.acknowledge": Row(WORK, lambda who, h: exporting.acknowledge(who, h.file, ANSWER, NOW)),
    "exporting.withdraw": Row(WORK, lambda who, h: exporting.withdraw(who, h.file, NOW)),
}
SERVICES: dict[str, Row] = CLIENTS | PEOPLE | ARRIVING | CONNECTIONS | MARKET | PAIRS | RUNS | RECORDS | FILES

PURE = "reads no row: it works on what it is given"
GIVEN = "works on what another service has given to somebody who may see it"
PUBLIC = "what is offered and what it costs is no client's secret"
RECKONED = "reckons what figures_of tells, from our own tables, for whoever asks there"
WITHOUT_ACTOR: dict[str, str] = {
    "arriving.inviting.told": GIVEN,
    "arriving.incoming.told": GIVEN,
    "archiving.told": GIVEN,
    "starting.pairs_of": GIVEN,
    "onboarding.of": "looks in the name of a service that has asked",
    "onboarding.doubtful": PURE,
    "clients.checked": PURE,
    "connections.sign_in": "opens nothing that is stored: the settings are the caller's own, and nothing is kept",
    "exporting.source_of": PURE,
    "issues.bench_of": "opens a table of a pair that the caller has found, and so may see",
    "issues.details": PURE,
    "answering.about": "looks up what an issue is about that issues.settle was asked of, which has asked",
    "answering.choices": "of what issues.choices was asked of, which has asked",
    "answering.check_known": "looks into a table in the name of answering.carry_out and issues.couple",
    "answering.check_free": "looks into a table in the name of answering.carry_out and issues.couple",
    "joining.first_link": "the machine prints it for whoever started it, where nobody is",
    "joining.open_invitation": "who has the link's secret may see it",
    "joining.invitation": "who has the link's secret may see it",
    "joining.opened": "who has the link's secret may see it",
    "joining.accept": "who has the link's secret may use it, once (tests/web/test_joining.py)",
    "people.Colleague.of": GIVEN,
    "stages.Progress.left": PURE,
    "stages.Progress.firms": PURE,
    "stages.Progress.companys": PURE,
    "stages.Progress.stage": PURE,
    "stages.progress_of": PURE,
    "stages.advance": "draws the conclusion for a service that has asked",
    "stages.is_assigned": "looks in the name of a service that has asked",
    "joining.signs_in": "who has the link's secret may see whom it signs in",
    "joining.sign_in": "who has the link's secret may use it, once (tests/web/test_sign_in_links.py)",
    "joining.begin": "who has the link's secret may use it, once (tests/web/test_beginning.py)",
    "answering.About.asks": GIVEN,
    "answering.About.gone": GIVEN,
    "answering.About.side": GIVEN,
    "answering.About.record": GIVEN,
    "marketplace.price_of": PUBLIC,
    "marketplace.spelled": PURE,
    "pairs.departments": "asks the vendor in the name of pairs.create and marketplace.activate, which have asked",
    "plans.left_out_of": "counts what the forecast of a run told, which was asked for in somebody's name",
    "plans.actions_of": "reads a plan in the name of plans.summarise and the forecast, for a run that was found",
    "plans.change_lines": PURE,
    "log.record": "writes who did what after the service that did it has asked",
    "history.History.empty": GIVEN,
    "overview.Customer.sums": GIVEN,
    "plans.Summary.empty": GIVEN,
    "undoing.Undo.size": GIVEN,
    "verifying.Report.in_step": GIVEN,
}


def _ours(found: list[object], house: House) -> list[object]:
    """Firm admins elsewhere have clients of their own."""
    return [each for each in found if each == house.client]
