"""Switching an integration on and off, its price and departments; the keys that were given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor, NotFound
from kobling.hub import runs, vault
from kobling.hub.models import Activation, Event, Pair, Run, Schedule
from kobling.hub.runs import due
from kobling.hub.services import connections, credentials, marketplace, pairs, syncing
from kobling.pairs.base import Option
from kobling.records import SettingsError, Unsafe
from tests.engine.bench import Bench, benches
from tests.services.cast import cast

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHO = Actor.operator("ejer")
PRICE = "249.00 NOK / month"


@pytest.fixture
def bench() -> Iterator[Bench]:
    for bench in benches():
        kind = replace(
            bench.opener.pair_types["memory"],
            modes=("full", "csv"),
            departments="orders",
            options=(Option("departments", "Departments", ""),),
        )
        bench.opener.pair_types = {"memory": kind}
        yield bench


def activate(bench: Bench, who: Actor = WHO, **given: Any) -> Activation:
    return marketplace.activate(who, bench.pair.client, bench.opener, "memory", NOW, **given)


def priced(bench: Bench) -> None:
    assert marketplace.set_price(WHO, bench.opener, "memory", "249", "nok", "month") == PRICE


def departments(bench: Bench, *names: str) -> list[str]:
    """The orders of the left system stand in for departments."""
    return [bench.left.resources["orders"].put({"name": name}).external_id for name in names]


def test_everyone_of_the_client_looks_around_but_only_administrators_switch_on(bench: Bench) -> None:
    people = cast(bench.pair.client)
    for name in ("assigned", "company_user"):
        offer = marketplace.offers(people[name], bench.pair.client, bench.opener)[0]
        assert (offer.kind.name, offer.may_activate) == ("memory", False)
        with pytest.raises(NotFound):
            activate(bench, people[name])
    for name in ("firm_admin", "company_admin"):
        assert marketplace.offers(people[name], bench.pair.client, bench.opener)[0].may_activate
        activate(bench, people[name])


def test_what_costs_nothing_can_be_used_until_somebody_switches_it_off(bench: Bench) -> None:
    def usable() -> bool:
        return marketplace.offers(WHO, bench.pair.client, bench.opener)[0].usable

    assert usable() and syncing.plan(WHO, bench.pair, NOW).state == "queued"
    activate(bench)
    marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", NOW)
    assert not usable()
    with pytest.raises(SettingsError):
        syncing.plan(WHO, bench.pair, NOW)


def test_only_the_operator_sets_a_price(bench: Bench) -> None:
    people = cast(bench.pair.client)
    for name in ("firm_admin", "company_admin", "stranger"):
        with pytest.raises(NotFound):
            marketplace.set_price(people[name], bench.opener, "memory", "1", "NOK", "month")


@pytest.mark.parametrize(
    "given",
    [
        ("x", "NOK", "month"),
        ("-1", "NOK", "month"),
        ("NaN", "NOK", "month"),
        ("1", "KR.", "month"),
        ("1", "NO", "month"),
        ("1", "NOK", "week"),
    ],
)
def test_a_price_that_is_none_is_refused_and_the_old_one_stays(bench: Bench, given: tuple[str, str, str]) -> None:
    priced(bench)
    with pytest.raises(SettingsError):
        marketplace.set_price(WHO, bench.opener, "memory", *given)
    assert marketplace.price_of("memory") == PRICE


def test_what_costs_something_is_switched_on_at_the_price_that_was_shown(bench: Bench) -> None:
    priced(bench)
    assert marketplace.offers(WHO, bench.pair.client, bench.opener)[0].price == PRICE
    for wrong in ("", "249", "199.00 NOK / month"):
        with pytest.raises(SettingsError, match=PRICE):
            activate(bench, price=wrong)
    assert activate(bench, price=PRICE).price == PRICE
    assert Event.objects.get(what="activated").client == bench.pair.client


def test_who_has_it_keeps_the_old_price_and_changes_without_agreeing_again(bench: Bench) -> None:
    priced(bench)
    activate(bench, price=PRICE)
    marketplace.set_price(WHO, bench.opener, "memory", "300", "NOK", "month")
    assert activate(bench, mode="csv").price == PRICE
    assert Activation.objects.count() == 1


def test_nothing_runs_that_costs_something_and_is_not_switched_on(bench: Bench) -> None:
    priced(bench)
    for ask in (lambda: syncing.sync(WHO, bench.pair, NOW), lambda: syncing.plan(WHO, bench.pair, NOW)):
        with pytest.raises(SettingsError, match="not switched on"):
            ask()
    with pytest.raises(SettingsError, match="not switched on"):
        pairs.create(WHO, bench.pair.client, bench.opener, "memory", name="another")
    activate(bench, price=PRICE)
    assert syncing.plan(WHO, bench.pair, NOW).state == "queued"


def test_as_files_nothing_is_synchronised(bench: Bench) -> None:
    activate(bench, mode="csv")
    with pytest.raises(SettingsError, match="csv"):
        syncing.sync(WHO, bench.pair, NOW)
    activate(bench, mode="full")
    assert syncing.sync(WHO, bench.pair, NOW).state == "queued"


def test_a_way_of_use_that_there_is_not_is_refused(bench: Bench) -> None:
    with pytest.raises(SettingsError, match="full, csv"):
        activate(bench, mode="edi")
    assert not Activation.objects.exists()


def test_switched_off_means_off_until_it_is_switched_on_again(bench: Bench) -> None:
    activate(bench)
    pairs.schedule(WHO, bench.pair, NOW)
    waiting = syncing.sync(WHO, bench.pair, NOW)
    marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", NOW)
    assert Run.objects.get(pk=waiting.pk).state == "cancelled"
    assert not Schedule.objects.get(pair=bench.pair).enabled
    with pytest.raises(SettingsError, match="not switched on"):
        syncing.sync(WHO, bench.pair, NOW)
    assert Pair.objects.filter(pk=bench.pair.pk).exists(), "nothing is deleted"
    activate(bench)
    assert syncing.sync(WHO, bench.pair, NOW).state == "queued"


def test_switching_off_waits_for_a_run_that_is_going_on(bench: Bench) -> None:
    activate(bench)
    syncing.sync(WHO, bench.pair, NOW)
    runs.claim("worker", NOW)
    with pytest.raises(Unsafe):
        marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", NOW)
    assert Activation.objects.get().ended_at is None


def test_what_is_not_on_cannot_be_switched_off(bench: Bench) -> None:
    with pytest.raises(NotFound):
        marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", NOW)


def test_a_pair_that_is_not_switched_on_keeps_no_other_from_its_schedule(bench: Bench) -> None:
    other = Pair.objects.create(
        client=bench.pair.client, pair_type="other", name="b", left=bench.pair.left, right=bench.pair.right
    )
    for pair in (bench.pair, other):
        Schedule.objects.create(pair=pair, enabled=True, next_at=NOW)
    priced(bench)
    assert due.ask_due(NOW) == 1
    assert Run.objects.get().pair == other


def test_departments_by_name_or_id_become_the_pairs_own(bench: Bench) -> None:
    north, south = departments(bench, "Nord", "Syd")
    activate(bench, departments=["syd", north])
    bench.pair.refresh_from_db()
    assert bench.pair.options["departments"] == f"{south},{north}"
    made = pairs.create(WHO, bench.pair.client, bench.opener, "memory", name="new")
    assert made.options["departments"] == f"{south},{north}"


def test_an_unknown_department_changes_nothing(bench: Bench) -> None:
    departments(bench, "Nord")
    with pytest.raises(SettingsError, match="Nord"):
        activate(bench, departments=["Vest"])
    bench.pair.refresh_from_db()
    assert "departments" not in bench.pair.options
    assert not Activation.objects.exists()


def test_a_name_that_two_departments_have_needs_the_id(bench: Bench) -> None:
    _, second = departments(bench, "Nord", "nord")
    with pytest.raises(SettingsError, match=second):
        activate(bench, departments=["Nord"])
    assert activate(bench, departments=[second]).departments == [second]


def test_a_pair_cannot_reach_further_than_its_activation(bench: Bench) -> None:
    north, south = departments(bench, "Nord", "Syd")
    activate(bench, departments=["Nord"])
    bench.pair.refresh_from_db()
    for wider in (south, f"{north},{south}", ""):
        with pytest.raises(SettingsError, match="Change them there"):
            pairs.configure(WHO, bench.pair, bench.opener, {"departments": wider})
    activate(bench, departments=[])
    pairs.configure(WHO, bench.pair, bench.opener, {"departments": south})


def test_credentials_say_whom_they_serve_and_how_they_stand(bench: Bench) -> None:
    departments(bench, "Nord")
    kind = bench.opener.pair_types["memory"]
    bench.opener.pair_types = {"left-right": replace(kind, name="left-right")}
    marketplace.activate(WHO, bench.pair.client, bench.opener, "left-right", NOW, departments=["Nord"])
    told = {each.connection.name: (each.state, each.departments) for each in credentials.listed(WHO)}
    assert told == {"left": ("untested", ("Nord",)), "right": ("untested", ())}


def test_a_revoked_key_is_forgotten_and_nothing_is_asked_with_it(bench: Bench) -> None:
    left = bench.pair.left
    left.secrets, left.grant, left.healthy = vault.seal({"key": "s"}), vault.seal({"token": "t"}), True
    left.health_params = {"left": "over"}
    left.save()
    credentials.revoke(WHO, left, NOW, "lækket")
    left.refresh_from_db()
    assert (left.secrets, left.grant, left.healthy) == ("", "", False)
    assert (left.health_text, left.health_params) == ("The key was revoked.", {})
    with pytest.raises(SettingsError, match="revoked"):
        bench.opener.connector(left)
    assert [each.state for each in credentials.listed(WHO)] == ["revoked", "untested"]
    assert Event.objects.get(what="key_revoked").why == "lækket"
    bench.companies.put({"title": "Alfa"})
    failed = bench.run()
    assert failed.state == "failed" and "revoked" in str(failed.error)
    assert bench.contacts.all() == []


def test_connecting_again_takes_a_revoked_key_back_into_use(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.revoke(WHO, bench.pair.left, NOW)
    monkeypatch.setattr(connections, "test", lambda _actor, connection, opener: opener.connector(connection))
    made, _ = connections.connect(WHO, bench.pair.client, bench.opener, "left", {}, "left")
    assert made.revoked_at is None and made.pk == bench.pair.left_id


def test_a_key_in_use_is_not_taken_away(bench: Bench) -> None:
    syncing.sync(WHO, bench.pair, NOW)
    runs.claim("worker", NOW)
    with pytest.raises(Unsafe):
        credentials.revoke(WHO, bench.pair.left, NOW)


def test_a_key_gets_the_name_that_a_person_gives_it(bench: Bench) -> None:
    credentials.rename(WHO, bench.pair.left, " Lønn og faktura ")
    assert [each.connection.name for each in credentials.listed(WHO)] == ["Lønn og faktura", "right"]
    for wrong in ("", "right", "x" * 101):
        with pytest.raises(SettingsError):
            credentials.rename(WHO, bench.pair.left, wrong)
