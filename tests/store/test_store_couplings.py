"""Couplings and match keys: a statement touches exactly the records that it names, of that table and side."""

from __future__ import annotations

import pytest

from kobling.hub.models import Coupling, MatchKey
from kobling.hub.store import couplings, mirror
from kobling.hub.store.couplings import Link
from kobling.mapping import Side
from tests.store.shelf import LATER, NOW, Shelf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def keyed(shelf: Shelf) -> None:
    """Records 1 and 2 with two keys each, on both sides of every table."""
    for table in shelf.tables:
        for side in Side:
            couplings.save_keys(table, side, {"1": ["a", "b"], "2": ["a", None]}, ())


def keys(table: int, side: Side) -> list[tuple[str, int, str, bool]]:
    found = MatchKey.objects.filter(table_id=table, side=side.value)
    return sorted(found.values_list("external_id", "rule", "key", "coupled"))


WHOLE = [("1", 0, "a", False), ("1", 1, "b", False), ("2", 0, "a", False)]


def test_a_coupling_is_kept_with_its_bases_and_kept_anew_without_its_rule(shelf: Shelf) -> None:
    couplings.save(shelf.mine, [Link("c", "l", "r", {"a": 1}, {"a": 2})], NOW, "one")
    (first,) = couplings.by_uid(shelf.mine, ["c"]).values()
    assert (first.base_left, first.base_right) == ({"a": 1}, {"a": 2})
    Coupling.objects.update(policy="left")
    couplings.save(shelf.mine, [Link("c", "l2", "r2", {"a": 3}, {"a": 3})], LATER, "other")
    (link,) = couplings.by_uid(shelf.mine, ["c"]).values()
    assert (link.left_id, link.right_id, link.base_left, link.base_right, link.policy) == (
        "l2",
        "r2",
        {"a": 3},
        {"a": 3},
        None,
    )
    row = Coupling.objects.get()
    assert (row.coupled_by, row.coupled_at, row.base_right) == ("one", NOW, None)


def test_equal_bases_are_two_objects_of_which_one_can_be_changed(shelf: Shelf) -> None:
    couplings.save(shelf.mine, [Link("c", "l", "r", {"a": 1}, {"a": 1})], NOW, "one")
    link = couplings.by_uid(shelf.mine, ["c"])["c"]
    link.base(Side.LEFT)["a"] = 9
    assert link.base(Side.RIGHT) == {"a": 1}


def test_couplings_are_found_by_either_sides_id_and_by_their_own_in_their_table_alone(shelf: Shelf) -> None:
    shelf.couple_everywhere("1", "2")
    couplings.save(shelf.beside, [Link("c3", "l3", "r3", {}, {})], NOW, "x")
    assert set(couplings.by_side(shelf.mine, Side.LEFT, ["l1", "l3", "r2"])) == {"l1"}
    assert set(couplings.by_side(shelf.mine, Side.RIGHT, ["r1", "r3", "l2"])) == {"r1"}
    assert set(couplings.by_uid(shelf.mine, ["c2", "c3"])) == {"c2"}


def test_pages_go_on_after_the_last_id(shelf: Shelf) -> None:
    shelf.couple_everywhere("1", "2", "3")
    assert [each.uid for each in couplings.page(shelf.mine, "", 2)] == ["c1", "c2"]
    assert [each.uid for each in couplings.page(shelf.mine, "c2", 2)] == ["c3"]


def test_who_is_coupled_in_any_of_some_tables(shelf: Shelf) -> None:
    shelf.couple_everywhere("1")
    couplings.save(shelf.beside, [Link("c2", "l2", "r2", {}, {})], NOW, "x")
    asked = ["l1", "l2", "r1"]
    assert couplings.coupled_in([shelf.mine], Side.LEFT, asked) == {"l1"}
    assert couplings.coupled_in([shelf.mine, shelf.beside], Side.LEFT, asked) == {"l1", "l2"}
    assert couplings.coupled_in([shelf.mine], Side.RIGHT, asked) == {"r1"}
    assert couplings.coupled_in([], Side.LEFT, asked) == set() == couplings.coupled_in([shelf.mine], Side.LEFT, [])


def test_couplings_are_counted_by_table(shelf: Shelf) -> None:
    shelf.couple_everywhere("1", "2")
    couplings.save(shelf.beside, [Link("c3", "l3", "r3", {}, {})], NOW, "x")
    assert [couplings.count(each) for each in shelf.tables] == [2, 3, 2]


def test_forgetting_a_coupling_frees_the_keys_of_its_two_records_and_no_others(shelf: Shelf) -> None:
    shelf.couple_everywhere("1", "2")
    Coupling.objects.exclude(table_id=shelf.mine).filter(uid="c1").update(left_id="l2x", right_id="r2x")
    for table in shelf.tables:
        for side, letter in ((Side.LEFT, "l"), (Side.RIGHT, "r")):
            taken = {f"{letter}{n}": ["a"] for n in (1, 2)}
            couplings.save_keys(table, side, taken, taken)
    couplings.remove(shelf.mine, ["c1"])
    assert [couplings.count(each) for each in shelf.tables] == [1, 2, 2]
    assert keys(shelf.mine, Side.LEFT) == [("l1", 0, "a", False), ("l2", 0, "a", True)]
    assert keys(shelf.mine, Side.RIGHT) == [("r1", 0, "a", False), ("r2", 0, "a", True)]
    for table in (shelf.beside, shelf.far):
        assert all(taken for side in Side for *_, taken in keys(table, side))


def test_coupled_records_that_vanished_since_are_counted(shelf: Shelf) -> None:
    feed = shelf.feeds[Side.LEFT]
    shelf.couple_everywhere("1", "2", "3")
    shelf.mirror_everywhere("l1", "l2", "l3", "l4")
    mirror.mark_gone(feed, ["l1"], NOW)
    before = mirror.latest_rev(feed)
    mirror.mark_gone(feed, ["l2", "l4"], NOW)
    mirror.mark_gone(shelf.other_feeds[Side.LEFT], ["l3"], NOW)
    assert couplings.newly_gone(shelf.mine, Side.LEFT, feed, before) == 1
    assert couplings.newly_gone(shelf.mine, Side.LEFT, feed, before - 1) == 2
    assert couplings.newly_gone(shelf.mine, Side.RIGHT, feed, 0) == 0
    assert couplings.newly_gone(shelf.far, Side.LEFT, shelf.other_feeds[Side.LEFT], 0) == 1


def test_keys_are_replaced_for_the_records_named_alone(shelf: Shelf) -> None:
    keyed(shelf)
    couplings.save_keys(shelf.mine, Side.LEFT, {"1": ["z"]}, {"1"})
    assert keys(shelf.mine, Side.LEFT) == [("1", 0, "z", True), ("2", 0, "a", False)]
    for table, side in ((shelf.mine, Side.RIGHT), (shelf.beside, Side.LEFT), (shelf.far, Side.LEFT)):
        assert keys(table, side) == WHOLE


def test_dropped_keys_are_those_of_some_records_of_a_side_of_some_tables(shelf: Shelf) -> None:
    keyed(shelf)
    couplings.drop_keys([], Side.LEFT, ["1"])
    assert keys(shelf.mine, Side.LEFT) == WHOLE
    couplings.drop_keys([shelf.mine, shelf.beside], Side.LEFT, ["1"])
    assert keys(shelf.mine, Side.LEFT) == keys(shelf.beside, Side.LEFT) == [("2", 0, "a", False)]
    assert keys(shelf.mine, Side.RIGHT) == keys(shelf.far, Side.LEFT) == WHOLE


def test_a_coupled_record_keeps_its_identity_as_taken_and_loses_its_other_keys(shelf: Shelf) -> None:
    """In its own table; in those that share its resource it stands no more."""
    keyed(shelf)
    couplings.mark_coupled(shelf.mine, [shelf.beside], Side.LEFT, ["1"], keep=1)
    assert keys(shelf.mine, Side.LEFT) == [("1", 0, "a", True), ("2", 0, "a", False)]
    assert keys(shelf.beside, Side.LEFT) == [("2", 0, "a", False)]
    assert keys(shelf.mine, Side.RIGHT) == keys(shelf.far, Side.LEFT) == WHOLE


def test_holders_are_free_records_of_one_side_and_takers_coupled_ones_of_either(shelf: Shelf) -> None:
    keyed(shelf)
    couplings.mark_coupled(shelf.mine, [], Side.LEFT, ["1"], keep=2)
    couplings.mark_coupled(shelf.mine, [], Side.RIGHT, ["2"], keep=2)
    assert couplings.holders(shelf.mine, Side.LEFT, 0, ["a", "b"]) == {"a": ["2"]}
    assert couplings.holders(shelf.mine, Side.RIGHT, 1, ["a", "b"]) == {"b": ["1"]}
    assert couplings.holders(shelf.beside, Side.LEFT, 0, ["a"]) == {"a": ["1", "2"]}
    assert couplings.takers(shelf.mine, 0, ["a", "b"]) == {"a": ["1", "2"]}
    assert couplings.takers(shelf.mine, 1, ["a", "b"]) == {"b": ["1"]}
    assert couplings.takers(shelf.beside, 0, ["a"]) == {}
