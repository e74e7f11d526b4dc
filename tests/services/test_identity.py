"""A connection is one account: another one under its name is refused, unless a person says that it moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub import runs, vault
from kobling.hub.models import Connection, Pair
from kobling.hub.services import connections, credentials
from kobling.pairs.base import Option
from kobling.records import KoblingError, SettingsError, Unreachable, Unsafe
from kobling.sdk.clock import FakeClock
from kobling.sdk.protocols import Health, Setting
from tests.engine.bench import Bench, MemorySystem

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator()


class Account(MemorySystem):
    """A system whose test says whose account it is."""

    def __init__(self, clock: FakeClock, name: str, identity: str = "") -> None:
        super().__init__(clock, "companies", "orders")
        self.name, self.identity = name, identity
        self.fails: KoblingError | None = None

    async def check(self) -> Health:
        if self.fails is not None:
            raise self.fails
        return Health(self.name, identity=self.identity)


def accounts(bench: Bench, **more: Account) -> dict[str, Account]:
    """The left side becomes a system with a setting that says which account is opened."""
    kinds = dict(bench.opener.connector_types)
    settings = (
        Setting("account", "Account", required=True),
        Setting("api_key", "Key", secret=True, required=False),
        Setting("note", "Note", required=False),
    )
    opened = lambda given, _context: more[given["account"]]  # noqa: E731
    kinds["left"] = replace(kinds["left"], settings=settings, open=opened)
    bench.opener.connector_types = kinds
    bench.left = more["a"]
    connect(bench, account="a", api_key="secret-key-1", note="first")
    return more


def connect(bench: Bench, moved: bool = False, **settings: str) -> Connection:
    made, _ = connections.connect(WHO, bench.pair.client, bench.opener, "left", settings, "left", moved=moved)
    bench.pair = Pair.objects.select_related("left", "right", "client").get(pk=bench.pair.pk)
    return made


def in_use(bench: Bench, one: Account) -> None:
    one.resources["companies"].put({"title": "Alfa ApS", "cvr": "12345674"}, "11x2")
    bench.run()


def test_another_account_by_its_id_is_refused_with_both_names_and_nothing_changes(bench: Bench) -> None:
    had = accounts(bench, a=Account(bench.clock, "Firm A", "id-1"), b=Account(bench.clock, "Firm B", "id-2"))
    in_use(bench, had["a"])
    before = dict(Connection.objects.filter(pk=bench.pair.left_id).values()[0])
    with pytest.raises(SettingsError) as caught:
        connect(bench, account="b")
    assert caught.value.code == "another_account"
    assert "Firm A" in str(caught.value) and "Firm B" in str(caught.value)
    assert dict(Connection.objects.filter(pk=bench.pair.left_id).values()[0]) == before


def test_an_account_that_has_another_name_by_now_is_the_same_by_its_id(bench: Bench) -> None:
    had = accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    in_use(bench, had["a"])
    had["a"].name = "Firm A/S"
    assert connect(bench, note="second").account_name == "Firm A/S"


def test_an_account_with_the_same_name_and_another_id_is_another_one(bench: Bench) -> None:
    had = accounts(bench, a=Account(bench.clock, "Firm", "id-1"), b=Account(bench.clock, "Firm", "id-2"))
    in_use(bench, had["a"])
    with pytest.raises(SettingsError):
        connect(bench, account="b")


def test_without_an_id_the_records_that_were_read_are_the_evidence(bench: Bench) -> None:
    """RecMan calls every account by one name, and a test account holds other records under the same ids."""
    had = accounts(
        bench, a=Account(bench.clock, "System"), b=Account(bench.clock, "System"), c=Account(bench.clock, "System")
    )
    in_use(bench, had["a"])
    had["b"].resources["companies"].put({"title": "Zulu", "cvr": "10150817"}, "11x2")
    had["c"].resources["companies"].put({"title": "Alfa ApS", "cvr": "12345674", "mail": "new@x.example"}, "11x2")
    with pytest.raises(SettingsError):
        connect(bench, account="b")
    assert connect(bench, account="c").settings["account"] == "c"


def test_a_person_says_that_it_moved_and_its_couplings_stay(bench: Bench) -> None:
    had = accounts(bench, a=Account(bench.clock, "Firm A", "id-1"), b=Account(bench.clock, "Firm A", "id-2"))
    in_use(bench, had["a"])
    made = connect(bench, moved=True, account="b")
    assert made.identity == "id-2" and bench.couplings() == 1
    connect(bench, note="again")


def test_a_connection_that_nothing_was_read_from_may_become_another_account(bench: Bench) -> None:
    accounts(bench, a=Account(bench.clock, "Firm A", "id-1"), b=Account(bench.clock, "Firm B", "id-2"))
    assert connect(bench, account="b").account_name == "Firm B"


def test_a_test_that_finds_another_account_shows_red(bench: Bench) -> None:
    """A vendor's key that opens another company by now."""
    had = accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    in_use(bench, had["a"])
    had["a"].name, had["a"].identity = "Firm B", "id-2"
    with pytest.raises(SettingsError):
        connections.test(WHO, bench.pair.left, bench.opener)
    row = Connection.objects.get(pk=bench.pair.left_id)
    assert row.healthy is False and row.identity == "id-1"


def test_changing_one_setting_leaves_the_others(bench: Bench) -> None:
    accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    made = connect(bench, api_key="secret-key-2")
    assert made.settings == {"account": "a", "note": "first"}
    assert vault.open_secrets(made.secrets) == {"api_key": "secret-key-2"}
    connect(bench, note="")
    assert Connection.objects.get(pk=made.pk).settings == {"account": "a"}


@pytest.mark.parametrize("error", [SettingsError("wrong key"), Unreachable("down")])
def test_settings_that_fail_their_test_are_never_stored_not_even_for_a_moment(bench: Bench, error: Any) -> None:
    had = accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    before = dict(Connection.objects.filter(pk=bench.pair.left_id).values()[0])
    had["a"].fails = error
    with pytest.raises(KoblingError):
        connect(bench, api_key="wrong-key")
    assert dict(Connection.objects.filter(pk=bench.pair.left_id).values()[0]) == before


def test_settings_do_not_change_under_a_run_nor_a_run_begins_under_a_change(bench: Bench) -> None:
    accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    with pytest.raises(Unsafe) as caught:
        connect(bench, note="second")
    assert caught.value.code == "run_going_on"
    bench.go_on(asked)
    again = runs.ask(bench.pair, "tester", bench.clock.now())
    with runs.held_for_settings(bench.pair.left_id, bench.clock.now()):
        assert runs.claim("tester", bench.clock.now()) is None
    assert runs.claim("tester", bench.clock.now()) == again.pk


def test_a_change_that_died_holds_nothing_for_long(bench: Bench) -> None:
    accounts(bench, a=Account(bench.clock, "Firm A", "id-1"))
    stuck = f"settings:{bench.clock.now().isoformat()}"
    Connection.objects.filter(pk=bench.pair.left_id).update(held_by=stuck)
    with pytest.raises(Unsafe):
        connect(bench, note="second")
    bench.clock.turn((runs.LONGEST_CHANGE + timedelta(seconds=1)).total_seconds())
    assert connect(bench, note="second").settings["note"] == "second"


def test_a_tables_own_connection_is_held_and_revoked_like_the_others(bench: Bench) -> None:
    kind = bench.opener.pair_types["memory"]
    option = Option("orders_connection", "Connection of orders", "")
    bench.opener.pair_types = {"memory": replace(kind, options=(option,))}
    own = Connection.objects.create(client=bench.pair.client, connector="right", name="Administrator")
    Pair.objects.filter(pk=bench.pair.pk).update(options={"orders_connection": "Administrator"})
    bench.pair.refresh_from_db()
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    own.refresh_from_db()
    assert own.held_by
    with pytest.raises(Unsafe):
        credentials.revoke(WHO, own, bench.clock.now())
    bench.go_on(asked)
    own.refresh_from_db()
    assert not own.held_by
    credentials.revoke(WHO, own, bench.clock.now())
    bench.left.resources["orders"].put({"subject": "Ordre"})
    run = bench.run()
    assert run.state != "done" and bench.right.resources["invoices"].all() == []
