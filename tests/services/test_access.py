"""Who may do what to whom: every service is tried by everyone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from kobling.access.policy import Actor, Doing, NotFound, clients_of, may
from kobling.files import PROFILES
from kobling.hub import runs
from kobling.hub.models import FileExport, Run, SyncIssue
from kobling.hub.services import (
    clients,
    connections,
    credentials,
    exporting,
    figures,
    history,
    identity,
    issues,
    marketplace,
    matching,
    mending,
    numbering,
    overview,
    pairs,
    plans,
    reviewing,
    syncing,
    undoing,
    verifying,
)
from kobling.records import KoblingError
from tests.engine.bench import Bench, benches
from tests.services.cast import NOBODYS, cast

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SEE = {"operator", "firm_admin", "assigned", "company_admin", "company_user"}
WORK = SEE - {"company_user"}
SET_UP = WORK - {"assigned"}
EVERYONE = SEE | set(NOBODYS)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from benches()


def _conflict(bench: Bench) -> SyncIssue:
    made = bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "b@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "c@x.example"})
    bench.run()
    return SyncIssue.objects.get(kind="conflict")


def _last(bench: Bench) -> Run:
    return Run.objects.order_by("-id")[0]


SERVICES: dict[str, tuple[set[str], Callable[[Actor, Bench, SyncIssue], object]]] = {
    "pairs.find": (SEE, lambda who, b, i: pairs.find(who, "test")),
    "pairs.status": (SEE, lambda who, b, i: pairs.status(who, b.pair)),
    "pairs.configure": (SET_UP, lambda who, b, i: pairs.configure(who, b.pair, b.opener, {})),
    "pairs.schedule": (SET_UP, lambda who, b, i: pairs.schedule(who, b.pair, NOW)),
    "connections.find": (WORK, lambda who, b, i: connections.find(who, "left")),
    "connections.connect": (
        SET_UP,
        lambda who, b, i: _only_access(lambda: connections.connect(who, b.pair.client, b.opener, "left", {}, "new")),
    ),
    "syncing.sync": (WORK, lambda who, b, i: syncing.sync(who, b.pair, NOW)),
    "syncing.plan": (SEE, lambda who, b, i: syncing.plan(who, b.pair, NOW)),
    "syncing.sync_one": (WORK, lambda who, b, i: syncing.sync_one(who, b.pair, b.opener, "customers", "1", NOW)),
    "syncing.find_run": (SEE, lambda who, b, i: syncing.find_run(who, _last(b).pk)),
    "syncing.cancel": (WORK, lambda who, b, i: syncing.cancel(who, _last(b), NOW)),
    "plans.summarise": (SEE, lambda who, b, i: plans.summarise(who, _last(b))),
    "verifying.verify": (WORK, lambda who, b, i: verifying.verify(who, b.pair, b.opener)),
    "issues.find": (WORK, lambda who, b, i: issues.find(who, i.pk)),
    "issues.settle": (WORK, lambda who, b, i: issues.settle(who, i, "retry", b.opener, NOW)),
    "issues.uncouple": (
        WORK,
        lambda who, b, i: issues.uncouple(who, b.pair, b.opener, "customers", str(i.left_id), NOW),
    ),
    "issues.retry_all": (WORK, lambda who, b, i: issues.retry_all(who, b.pair, b.opener, NOW)),
    "reviewing.review": (SEE, lambda who, b, i: reviewing.review(who, b.pair, b.opener)),
    "reviewing.prepared": (SEE, lambda who, b, i: reviewing.prepared(who, b.pair)),
    "reviewing.prepare": (SEE, lambda who, b, i: reviewing.prepare(who, b.pair, NOW)),
    "reviewing.start": (WORK, lambda who, b, i: _only_access(lambda: reviewing.start(who, b.pair, b.opener, NOW))),
    "reviewing.resume": (WORK, lambda who, b, i: _only_access(lambda: reviewing.resume(who, b.pair, b.opener, NOW))),
    "matching.preview": (SEE, lambda who, b, i: matching.preview(who, b.pair, "customers", [], b.opener)),
    "matching.apply": (WORK, lambda who, b, i: matching.apply(who, b.pair, "customers", [], b.opener, NOW)),
    "matching.couple_many": (
        WORK,
        lambda who, b, i: matching.couple_many(who, b.pair, b.opener, "customers", [("1", "2")], NOW),
    ),
    "matching.uncouple_many": (WORK, lambda who, b, i: matching.uncouple_many(who, b.pair, b.opener, "customers", NOW)),
    "matching.never_many": (
        WORK,
        lambda who, b, i: matching.never_many(who, b.pair, b.opener, "customers", [("1", "2")], NOW),
    ),
    "mending.broken": (SEE, lambda who, b, i: mending.broken(who, b.pair, b.opener)),
    "mending.count": (SEE, lambda who, b, i: mending.count(who, b.pair, b.opener)),
    "mending.mend": (WORK, lambda who, b, i: mending.mend(who, b.pair, b.opener, NOW, "find")),
    "history.history": (SEE, lambda who, b, i: history.history(who, b.pair, str(i.left_id))),
    "overview.payments": (SEE, lambda who, b, i: overview.payments(who, b.pair, NOW.date())),
    "undoing.prepare": (WORK, lambda who, b, i: undoing.prepare(who, _last(b), b.opener)),
    "marketplace.offers": (SEE, lambda who, b, i: marketplace.offers(who, b.pair.client, b.opener)),
    "marketplace.activate": (
        SET_UP,
        lambda who, b, i: marketplace.activate(who, b.pair.client, b.opener, "memory", NOW),
    ),
    "marketplace.deactivate": (
        SET_UP,
        lambda who, b, i: (_switch_on(b), marketplace.deactivate(who, b.pair.client, b.opener, "memory", NOW)),
    ),
    "exporting.preview": (
        WORK,
        lambda who, b, i: _only_access(lambda: exporting.preview(who, b.pair.left, b.opener, SHEET)),
    ),
    "exporting.make": (
        WORK,
        lambda who, b, i: _only_access(lambda: exporting.make(who, b.pair.left, b.opener, SHEET, NOW)),
    ),
    "exporting.download": (SEE, lambda who, b, i: exporting.download(who, _file(b).pk)),
    "exporting.documents": (SEE, lambda who, b, i: exporting.documents(who, _file(b))),
    "exporting.mark_transferred": (
        WORK,
        lambda who, b, i: _only_access(lambda: exporting.mark_transferred(who, _file(b), b.opener, NOW)),
    ),
    "exporting.acknowledge": (
        WORK,
        lambda who, b, i: _only_access(lambda: exporting.acknowledge(who, _file(b), b"", NOW)),
    ),
    "exporting.withdraw": (WORK, lambda who, b, i: exporting.withdraw(who, _file(b), NOW)),
    "figures.figures": (
        SEE,
        lambda who, b, i: _only_access(lambda: figures.figures(who, b.pair.left, b.opener)),
    ),
    "identity.findings": (WORK, lambda who, b, i: list(identity.findings(who, b.pair, b.opener))),
    "credentials.revoke": (SET_UP, lambda who, b, i: credentials.revoke(who, b.pair.left, NOW)),
    "credentials.rename": (SET_UP, lambda who, b, i: credentials.rename(who, b.pair.left, "new")),
    "numbering.compare": (WORK, lambda who, b, i: _only_access(lambda: numbering.compare(who, b.pair, b.opener, NOW))),
    "numbering.settle": (
        WORK,
        lambda who, b, i: _only_access(lambda: numbering.settle(who, b.pair, b.opener, "make", "1", "", NOW)),
    ),
    "clients.find": (SEE, lambda who, b, i: clients.find(who, "Test ApS")),
}


SHEET = exporting.Wish(PROFILES["spreadsheet-da"])


def _file(bench: Bench) -> FileExport:
    """A file that somebody made, of no documents."""
    told = {"content": b"", "sha256": hashlib.sha256(b"").hexdigest(), "number_of_documents": 0}
    return FileExport.objects.create(connection=bench.pair.left, profile="x", made_at=NOW, made_by="x", **told)


def _switch_on(bench: Bench) -> None:
    marketplace.activate(Actor.operator(), bench.pair.client, bench.opener, "memory", NOW)


def _only_access(call: Callable[[], object]) -> object:
    """What goes wrong behind the door is not the question here."""
    try:
        return call()
    except NotFound:
        raise
    except (KoblingError, AttributeError):
        return None


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_serves_those_who_may_and_knows_nothing_for_the_others(bench: Bench, service: str) -> None:
    issue = _conflict(bench)
    allowed, call = SERVICES[service]
    people = cast(bench.pair.client)
    for name in sorted(EVERYONE - allowed):
        with pytest.raises(NotFound):
            call(people[name], bench, issue)
    call(people["operator"], bench, issue)


@pytest.mark.parametrize("service", SERVICES)
def test_everyone_who_may_is_served(bench: Bench, service: str) -> None:
    issue = _conflict(bench)
    allowed, call = SERVICES[service]
    people = cast(bench.pair.client)
    for name in sorted(allowed):
        if service == "issues.uncouple" and name != "operator":
            continue
        call(people[name], bench, issue)


def test_lists_show_a_stranger_nothing_not_even_a_count(bench: Bench) -> None:
    _conflict(bench)
    _file(bench)
    people = cast(bench.pair.client)
    for name in NOBODYS:
        who = people[name]
        assert list(clients_of(who)) == []
        assert connections.listed(who) == []
        assert pairs.listed(who) == []
        assert credentials.listed(who) == []
        assert exporting.listed(who) == []
        assert syncing.listed(who) == []
        assert issues.listed(who).count() == 0
    assert len(pairs.listed(people["assigned"])) == 1


def test_a_message_for_a_stranger_is_the_same_as_for_something_that_is_not_there(bench: Bench) -> None:
    people = cast(bench.pair.client)
    with pytest.raises(NotFound) as theirs:
        pairs.find(people["stranger"], "test")
    with pytest.raises(NotFound) as nothing:
        pairs.find(people["stranger"], "no such pair")
    assert theirs.value.summary == nothing.value.summary


def test_roles_in_short(bench: Bench) -> None:
    people = cast(bench.pair.client)
    for doing, allowed in ((Doing.SEE, SEE), (Doing.WORK, WORK), (Doing.SET_UP, SET_UP)):
        assert {name for name, who in people.items() if may(who, doing, bench.pair.client)} == allowed


def test_runs_of_others_cannot_be_claimed_twice_or_while_a_connection_is_busy(bench: Bench) -> None:
    first = syncing.sync(Actor.operator(), bench.pair, NOW)
    syncing.sync(Actor.operator(), bench.pair, NOW)
    assert runs.claim("a", NOW) == first.pk
    assert runs.claim("b", NOW) is None, "the second run waits for the connections"
    runs.end(first.pk, runs.new_attempt(first.pk, "a"), runs.DONE, NOW)
    assert runs.claim("b", NOW) is not None
