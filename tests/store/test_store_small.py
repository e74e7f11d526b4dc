"""What points to records to come, notifications that came already, and the few things SQL needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, connection

from kobling.hub.models import Connection
from kobling.hub.store import mirror, pointing, sql
from kobling.hub.store.health import kept, reason, remember, why_red
from kobling.hub.store.notifications import Remembered
from kobling.hub.told.said import Said
from kobling.mapping import Side
from kobling.records import SettingsError
from kobling.sdk.webhooks import TOLERANCE
from tests.store.shelf import NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = (0, 0, 0)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def due_everywhere(shelf: Shelf) -> list[dict[Side, list[str]]]:
    return [pointing.due(each, 9) for each in shelf.tables]


def pointed(shelf: Shelf) -> None:
    for table in shelf.tables:
        found = [(Side.LEFT, "a", "w"), (Side.LEFT, "a", "v"), (Side.LEFT, "b", "w"), (Side.RIGHT, "a", "w")]
        pointing.replace(table, Side.LEFT, NOWHERE, [*found, found[0]])


def test_whoever_points_to_a_coupled_record_of_the_pair_is_due(shelf: Shelf) -> None:
    pointed(shelf)
    assert due_everywhere(shelf) == [{}, {}, {}]
    pointing.wake(shelf.pairs[0].pk, ["v", "x"])
    assert due_everywhere(shelf) == [{Side.LEFT: ["a"]}, {Side.LEFT: ["a"]}, {}]
    pointing.wake(shelf.pairs[0].pk, ["w"])
    assert pointing.due(shelf.mine, 9) == {Side.LEFT: ["a", "b"], Side.RIGHT: ["a"]}
    assert pointing.due(shelf.mine, 1) == {Side.LEFT: ["a"]}, "each once, some at a time"


def test_who_is_planned_again_points_to_nothing_for_now(shelf: Shelf) -> None:
    pointed(shelf)
    pointing.wake(shelf.pairs[0].pk, ["w"])
    pointing.forget(shelf.mine, Side.LEFT, ["a"])
    assert pointing.due(shelf.mine, 9) == {Side.LEFT: ["b"], Side.RIGHT: ["a"]}
    assert pointing.due(shelf.beside, 9) == {Side.LEFT: ["a", "b"], Side.RIGHT: ["a"]}


def test_what_the_records_just_planned_pointed_to_is_replaced_and_only_theirs(shelf: Shelf) -> None:
    shelf.mirror_everywhere("a", "b")
    feed = shelf.feeds[Side.LEFT]
    pointed(shelf)
    pointing.replace(shelf.mine, Side.LEFT, (feed, 0, 1), [(Side.LEFT, "a", "z")])
    pointing.wake(shelf.pairs[0].pk, ["w", "z"])
    assert pointing.due(shelf.mine, 9) == {Side.LEFT: ["a", "b"], Side.RIGHT: ["a"]}
    pointing.replace(shelf.mine, Side.LEFT, (feed, 1, 1), [])
    assert pointing.due(shelf.mine, 9)[Side.LEFT] == ["a", "b"], (
        "who moved at the first rev is not among those after it"
    )
    mirror.touch(feed, ["b"])
    pointing.replace(shelf.mine, Side.LEFT, (feed, 2, 3), [])
    assert pointing.due(shelf.mine, 9) == {Side.LEFT: ["a"], Side.RIGHT: ["a"]}
    assert pointing.due(shelf.beside, 9) == {Side.LEFT: ["a", "b"], Side.RIGHT: ["a"]}


def test_a_notification_is_the_first_one_once_for_each_connection(shelf: Shelf) -> None:
    one, other = (Remembered(each.left_id) for each in shelf.pairs)
    again = Remembered(shelf.pairs[0].left_id)
    assert one.first("n1", NOW) and not again.first("n1", NOW)
    assert one.first("n2", NOW) and other.first("n1", NOW)


def test_it_is_remembered_for_twice_as_long_as_its_time_is_believed(shelf: Shelf) -> None:
    here = Remembered(shelf.pairs[0].left_id)
    assert here.first("n1", NOW)
    assert not here.first("n1", NOW + 2 * TOLERANCE)
    assert here.first("n2", NOW + 2 * TOLERANCE + timedelta(seconds=1))
    assert here.first("n1", NOW + 2 * TOLERANCE + timedelta(seconds=1))


def test_a_long_list_is_cut_and_nothing_of_it_lost() -> None:
    assert list(sql.batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(sql.batched([], 2)) == []
    assert (sql.places([1, 2, 3]), sql.places([])) == ("%s, %s, %s", "")
    asked = ["b", "a"]
    assert sorted(sql.rows(f"{sql.wanted(asked)} SELECT item FROM wanted", asked)) == [("a",), ("b",)]


def test_a_walk_gives_every_row_once_however_it_is_cut(shelf: Shelf) -> None:
    shelf.mirror_everywhere("a", "b", "c", "d", "e")
    statement = "SELECT external_id FROM hub_mirrorrow WHERE feed_id = %s ORDER BY id"
    for size in (1, 2, 5, 100):
        walked = sql.walk(statement, [shelf.feeds[Side.LEFT]], size)
        assert [each for (each,) in walked] == ["a", "b", "c", "d", "e"]


def test_many_statements_are_all_or_nothing(shelf: Shelf) -> None:
    feed = shelf.feeds[Side.LEFT]

    def given() -> object:
        yield (7, feed)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="middle"):
        sql.run_many("UPDATE hub_feed SET rev = %s WHERE id = %s", given())  # type: ignore[arg-type]
    assert mirror.latest_rev(feed) == 0
    assert sql.run("UPDATE hub_feed SET rev = %s WHERE id = %s", [8, feed]) == 1
    assert sql.one("SELECT rev FROM hub_feed WHERE id = %s", [feed]) == (8,)
    assert sql.one("SELECT rev FROM hub_feed WHERE id = %s", [feed + 1000]) is None
    assert [sql.number("SELECT rev FROM hub_feed WHERE id = %s", [each]) for each in (feed, feed + 1000)] == [8, 0]


def test_instants_come_back_as_they_were_given_whatever_their_zone(shelf: Shelf) -> None:
    given = datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=1)))
    feed = shelf.feeds[Side.LEFT]
    sql.run("UPDATE hub_feed SET read_at = %s WHERE id = %s", [sql.to_db(given), feed])
    (stored,) = sql.one("SELECT read_at FROM hub_feed WHERE id = %s", [feed]) or ()
    assert sql.from_db(stored) == given
    assert (sql.to_db(None), sql.from_db(None)) == (None, None)
    assert sql.instants_to_db()(given) == sql.to_db(given)
    assert sql.from_db("2026-11-23T08:00:00") == NOW == sql.from_db("2026-11-23T09:00:00+01:00")
    assert sql.from_db(datetime(2026, 11, 23, 8)) == NOW  # noqa: DTZ001
    assert sql.from_db(given).tzinfo is UTC  # type: ignore[union-attr]


def test_a_connection_is_red_with_a_sentence_and_well_without_one(shelf: Shelf) -> None:
    error = SettingsError("The key of %(system)s is wrong.", system="x" * 900)
    told = kept(error)
    assert (told["healthy"], told["health_text"]) == (False, "The key of %(system)s is wrong.")
    assert told["health_params"] == {"system": "x" * 500}
    assert told["health_kind"] == "SettingsError"
    assert kept(None) == {"healthy": True, "health_text": "", "health_params": {}, "health_kind": ""}
    connection = Connection.objects.first()
    assert connection is not None
    assert remember(connection, error) == list(told) == [*remember(connection, None)]
    assert (connection.healthy, connection.health_text, connection.health_params) == (True, "", {})
    connection.refresh_from_db()
    assert why_red(connection) == Said(
        "%(connection)s: %(why)s", {"connection": "one left", "why": Said("not tested yet")}
    )
    connection.health_text, connection.health_params = "No %(x)s.", {"x": "y"}
    assert reason(connection) == why_red(connection).params["why"] == Said("No %(x)s.", {"x": "y"})


@pytest.mark.usefixtures("one_thread")
async def test_a_connection_that_broke_on_another_thread_is_made_anew() -> None:
    """A server that was started again: each thread that waits for it has a connection of its own to lose."""

    def ask() -> int:
        return int((sql.one("SELECT 7") or (0,))[0])

    def lose() -> None:
        if connection.vendor == "postgresql":
            connection.connection.close()

    assert await sql.aside(ask) == 7
    await sql.aside(lose)
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError):
            await sql.aside(ask)
    assert await sql.aside(ask) == 7
