"""Which customers the two Microsoft systems of one world share."""

from __future__ import annotations

from kobling_simulators.world.overlap import Known, known_to


def both(records: int = 1_000) -> tuple[dict[int, Known], dict[int, Known]]:
    left = {one.index: one for one in known_to("dataverse", 3, records)}
    right = {one.index: one for one in known_to("business_central", 3, records)}
    return left, right


def test_each_knows_seven_in_ten_and_both_four() -> None:
    left, right = both()
    assert (len(left), len(right), len(left.keys() & right.keys())) == (700, 700, 400)
    for mine, other in ((left, right), (right, left)):
        assert all(one.shared == (index in other) for index, one in mine.items())


def test_every_fifth_shared_one_differs_in_one_way() -> None:
    left, right = both()
    ways = set()
    for index in left.keys() & right.keys():
        mine, other = left[index].party, right[index].party
        differing = {name for name in mine.__slots__ if getattr(mine, name) != getattr(other, name)}
        assert len(differing) <= 1
        assert not differing or index % 5 == 0
        ways |= differing
    assert ways == {"name", "phone", "street"}


def test_equal_seeds_give_equal_worlds() -> None:
    assert both(100) == both(100)
