"""Numbers of two systems compared before anything is sent: what agrees, what collides, what is missing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kobling.sync.evidence import names_agree

MATCH, COLLISION, RENUMBERED = "match", "collision", "renumbered"
DOUBLE, UNNUMBERED = "double", "unnumbered"
ONLY_LEFT, ONLY_RIGHT = "only_left", "only_right"
KINDS = (MATCH, COLLISION, RENUMBERED, DOUBLE, UNNUMBERED, ONLY_LEFT, ONLY_RIGHT)

Alike = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Known:
    """A record as far as numbers go. ``problem``: why its number cannot be used (a text, or one with parameters)."""

    external_id: str
    number: str
    identity: str = ""
    name: str = ""
    problem: Any = None


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. ``settled``: nobody needs to say anything about it (any more)."""

    kind: str
    number: str
    left: Known | None
    right: Known | None
    settled: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What persons said: of left and right records (create, ignore, couple:<id>), by id."""

    left: Mapping[str, str]
    right: Mapping[str, str]

    def coupled(self, left: str, right: str) -> bool:
        """Whether a person said that the two are the same."""
        return self.left.get(left) == f"couple:{right}" or self.right.get(right) == f"couple:{left}"


def compare(left: Iterable[Known], right: Iterable[Known], said: Said, alike: Alike) -> Iterator[Line]:
    """Compare records that are not coupled yet. Those that a person left out are nobody's, on either side."""
    lefts = [each for each in left if said.left.get(each.external_id) != "ignore"]
    rights = {each.external_id: each for each in right if said.right.get(each.external_id) != "ignore"}
    pairs, lefts = _paired_by_hand(lefts, rights, said)
    for one, other in pairs:
        kind = MATCH if one.number == other.number else RENUMBERED
        yield Line(kind, one.number, one, rights.pop(other.external_id), True)
    numbered, unusable = _by_number(lefts)
    lone = []
    for line in _with_numbers(numbered, rights, alike):
        if line.right is None:
            lone.append(line)
        else:
            yield line
    yield from _the_rest(unusable, lone, rights, said)


def _paired_by_hand(
    lefts: Sequence[Known], rights: Mapping[str, Known], said: Said
) -> tuple[list[tuple[Known, Known]], list[Known]]:
    told = {word.removeprefix("couple:"): each for each, word in said.right.items() if word.startswith("couple:")}
    pairs, rest, taken = list[tuple[Known, Known]](), list[Known](), set[str]()
    for each in lefts:
        word = said.left.get(each.external_id, "")
        other = word.removeprefix("couple:") if word.startswith("couple:") else told.get(each.external_id, "")
        if other in rights and other not in taken:
            taken.add(other)
            pairs.append((each, rights[other]))
        else:
            rest.append(each)
    return pairs, rest


def _by_number(lefts: Iterable[Known]) -> tuple[dict[str, Known], list[Line]]:
    """Records by number; those without a usable number of their own are findings."""
    found: dict[str, list[Known]] = {}
    unusable = []
    for each in lefts:
        if each.problem is not None or not each.number:
            unusable.append(Line(UNNUMBERED, each.number, each, None, False))
        else:
            found.setdefault(each.number, []).append(each)
    doubles = [Line(DOUBLE, number, each, None, False) for number, held in found.items() if held[1:] for each in held]
    return {number: held[0] for number, held in found.items() if not held[1:]}, unusable + doubles


def _with_numbers(numbered: Mapping[str, Known], rights: dict[str, Known], alike: Alike) -> Iterator[Line]:
    """Numbers that both sides have; those found are taken from ``rights``."""
    theirs = {each.number: each for each in rights.values() if each.number}
    for number, one in numbered.items():
        other = theirs.get(number)
        if other is None:
            yield Line(ONLY_LEFT, number, one, None, False)
            continue
        rights.pop(other.external_id, None)
        agree = same_party(one, other, alike)
        yield Line(MATCH if agree else COLLISION, number, one, other, agree)


def _the_rest(
    unusable: Iterable[Line], lone: Iterable[Line], rights: Mapping[str, Known], said: Said
) -> Iterator[Line]:
    """Records without a number that the other side has: some are there all the same, under another number or none."""
    identities = {each.identity: each for each in rights.values() if each.identity}
    names = {each.name.casefold(): each for each in rights.values() if each.name}
    mentioned: set[str] = set()
    for line in (*unusable, *lone):
        one = line.left
        assert one is not None
        found = identities.get(one.identity) or names.get(one.name.casefold())
        if line.kind == ONLY_LEFT and (found is None or said.left.get(one.external_id) == "create"):
            yield Line(ONLY_LEFT, line.number, one, None, said.left.get(one.external_id) == "create")
            continue
        if found is not None:
            mentioned.add(found.external_id)
        yield Line(RENUMBERED if line.kind == ONLY_LEFT else line.kind, line.number, one, found, False)
    for other in (each for each in rights.values() if each.external_id not in mentioned):
        yield Line(ONLY_RIGHT, other.number, None, other, False)


def same_party(one: Known, other: Known, alike: Alike) -> bool:
    """Whether two records with the same number are the same: by identity where both tell one, else by name."""
    if one.identity and other.identity:
        return one.identity == other.identity
    return alike(one.name, other.name)


def needs_word(line: Line) -> bool:
    """Whether a match must be remembered, since no rule would couple the two by itself."""
    if line.kind != MATCH or line.left is None or line.right is None:
        return False
    same_identity = bool(line.left.identity) and line.left.identity == line.right.identity
    return not same_identity and not names_agree(line.left.name, line.right.name)
