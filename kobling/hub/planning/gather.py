"""Gathers work for the planner: what moved, with couplings, counterparts and match hits, a chunk at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kobling.hub.models import Decision
from kobling.hub.planning.resolver import StoredResolver
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, journal, mirror
from kobling.hub.store.couplings import Link
from kobling.hub.store.mirror import Snapshot
from kobling.mapping import Condition, Side, TableMapping, failing, holds, read
from kobling.records import Fields, from_json
from kobling.sync.evidence import speaks_against
from kobling.sync.matching import match_keys
from kobling.sync.states import Done, Hits, Loner, Pairing, Seen


@dataclass(frozen=True, slots=True)
class Batch:
    """Work made of the rows up to and including rev ``upto``; ``rows`` counts them, planned or not."""

    work: list[Pairing | Loner]
    upto: int
    rows: int


def index(bench: Workbench, side: Side, after: int, upto: int, limit: int) -> int | None:
    """Key the next ``limit`` moved rows of one side for matching. Returns the rev reached, None when done."""
    rows = mirror.changed_between(bench.feeds[side], after, upto, limit)
    if not rows:
        return None
    if bench.mapping.match:
        ids = [row.external_id for row in rows]
        elsewhere = couplings.coupled_in(bench.siblings[side], side, ids)
        coupled = couplings.coupled_in([bench.table], side, ids)
        narrow, identities = _match_view(bench.mapping), identity_rules(bench.mapping)
        keys = {}
        for row in rows:
            found = () if row.gone or row.external_id in elsewhere else _keys(narrow, side, row, bench.resolver)
            keys[row.external_id] = found[:identities] if row.external_id in coupled else found
        couplings.save_keys(bench.table, side, keys, coupled)
    return rows[-1].rev


def identity_rules(mapping: TableMapping) -> int:
    """How many rules match by an identity; they come first."""
    return sum(rule.silent for rule in mapping.match)


def _match_view(mapping: TableMapping) -> TableMapping:
    wanted = {key for rule in mapping.match for key in rule.keys}
    return replace(mapping, fields=tuple(each for each in mapping.fields if each.key in wanted))


def _keys(mapping: TableMapping, side: Side, row: Snapshot, resolver: StoredResolver) -> Sequence[str | None]:
    fields = from_json(row.fields)
    if not holds([each for each in mapping.filter(side) if not each.keeps_name], fields):
        return ()
    return match_keys(mapping, read(mapping, side, fields, resolver).values)


def gather(
    bench: Workbench, side: Side, after: int, upto: int, limit: int, first_side: tuple[int, int] | None = None
) -> Batch | None:
    """Gather the next chunk of one side, or None when nothing more moved after ``after`` and up to ``upto``.

    ``first_side`` is given for the second side of a run: the revs that the first side covered in this run.
    Pairs whose first-side row moved within them are left out, since they were planned from there.
    """
    rows = mirror.changed_between(bench.feeds[side], after, upto, limit)
    return Batch(_work(bench, side, rows, first_side), rows[-1].rev, len(rows)) if rows else None


def of(
    bench: Workbench, side: Side, external_ids: Sequence[str], but_chunk: int | None = None
) -> list[Pairing | Loner]:
    """The work of the given records of one side as they stand now, moved or not."""
    return _work(bench, side, list(mirror.by_ids(bench.feeds[side], external_ids).values()), None, but_chunk)


def _work(
    bench: Workbench,
    side: Side,
    rows: Sequence[Snapshot],
    first_side: tuple[int, int] | None,
    but_chunk: int | None = None,
) -> list[Pairing | Loner]:
    ids = [row.external_id for row in rows]
    links = couplings.by_side(bench.table, side, ids)
    others = mirror.by_ids(
        bench.feeds[side.other], [link.right_id if side is Side.LEFT else link.left_id for link in links.values()]
    )
    busy = journal.unsettled(bench.table, ids, but_chunk)
    work: list[Pairing | Loner] = []
    alone: list[Snapshot] = []
    for row in rows:
        link = links.get(row.external_id)
        if link is None:
            if not row.gone:
                alone.append(row)
            continue
        other = others.get(link.right_id if side is Side.LEFT else link.left_id)
        if first_side is not None and other is not None and first_side[0] < other.rev <= first_side[1]:
            continue
        work.append(_pairing(bench, side, row, other, link, busy))
    work.extend(_loners(bench, side, alone, busy))
    return work


def pairings_of(bench: Workbench, links: Sequence[Link]) -> list[Pairing]:
    """The given couplings with both sides as mirrored now, for verify, single records and decisions."""
    left = mirror.by_ids(bench.feeds[Side.LEFT], [link.left_id for link in links])
    right = mirror.by_ids(bench.feeds[Side.RIGHT], [link.right_id for link in links])
    return [
        Pairing(
            link.uid,
            link.left_id,
            link.right_id,
            link.base_left,
            link.base_right,
            seen_of(bench, Side.LEFT, left.get(link.left_id)),
            seen_of(bench, Side.RIGHT, right.get(link.right_id)),
            link.policy,
            busy=link.left_id not in left or link.right_id not in right,
        )
        for link in links
    ]


def seen_of(bench: Workbench, side: Side, row: Snapshot | None) -> Seen | None:
    """A mirror row in agreed values; None when it is unknown or gone."""
    if row is None or row.gone:
        return None
    mapping = bench.mapping
    fields = from_json(row.fields)
    if mapping.permits:
        bench.resolver.permit(bench.table, side, row.external_id, mapping.permits)
    reading = read(mapping, side, fields, bench.resolver)
    locked, left_by = mapping.locked(side), failing(mapping.filter(side), fields)
    beyond = [each for each in reading.waits if bench.resolver.left_out(each[1], side.value, each[2])]
    outsider = beyond and any(each.scopes and each.key == key for each in mapping.fields for key, _, _ in beyond)
    return Seen(
        row.external_id,
        reading.values,
        row.version,
        row.modified_at,
        locked=bool(locked) and holds(locked, fields),
        in_scope=not left_by and not outsider,
        waits=reading.waits,
        problems=reading.problems,
        left_out=reading.left_out,
        lacking=reading.lacking,
        points_to=(*reading.points_to, *((table, external_id) for _, table, external_id in beyond if external_id)),
        outside="; ".join(f"{each.path}: {fields.get(each.path)}" for each in left_by if _is_event(each, fields)),
        thawed=side is Side.RIGHT and bool(mapping.thaws) and holds(mapping.thaws, fields),
        over=any(fields.get(each.path) in each.over for each in left_by),
        beyond=tuple(key for key, _, _ in beyond),
    )


def _is_event(condition: Condition, fields: Fields) -> bool:
    """Whether leaving by this condition is asked about."""
    if condition.operator == "at_least" or condition.carried:
        return False
    return fields.get(condition.path) not in (*condition.over, *condition.kept)


def _pairing(
    bench: Workbench, side: Side, row: Snapshot, other: Snapshot | None, link: Link, busy: set[str]
) -> Pairing:
    here, there = seen_of(bench, side, row), seen_of(bench, side.other, other)
    left, right = (here, there) if side is Side.LEFT else (there, here)
    return Pairing(
        link.uid,
        link.left_id,
        link.right_id,
        link.base_left,
        link.base_right,
        left,
        right,
        link.policy,
        # A record that was never read is not gone: what was written and not read yet waits for its reading.
        busy=other is None or link.left_id in busy or link.right_id in busy,
    )


def _loners(bench: Workbench, side: Side, rows: Sequence[Snapshot], busy: set[str]) -> list[Loner]:
    taken = couplings.coupled_in(bench.siblings[side], side, [row.external_id for row in rows])
    seen = [each for row in rows if row.external_id not in taken and (each := seen_of(bench, side, row)) is not None]
    seen = [each for each in seen if each.in_scope or each.beyond]
    decided = Decision.objects.filter(table_id=bench.table).exists()
    hits = _hits(bench, side, seen, decided)
    wanted = {other for each in hits.values() for hit in each if len(hit.others) == 1 for other in hit.others}
    choices, never = _decisions(bench, side, [each.external_id for each in seen]) if decided else ({}, {})
    wanted |= {choice.removeprefix("couple:") for choice in choices.values() if choice.startswith("couple:")}
    wanted -= couplings.coupled_in([bench.table], side.other, sorted(wanted))
    others = {
        external_id: other
        for external_id, row in mirror.by_ids(bench.feeds[side.other], sorted(wanted)).items()
        if (other := seen_of(bench, side.other, row)) is not None
    }
    return [
        Loner(
            side,
            each,
            hits[each.external_id],
            others,
            never=frozenset(never.get(each.external_id, ())),
            decision=choices.get(each.external_id),
            busy=each.external_id in busy,
            done=became(bench, each) if side is Side.LEFT else None,
        )
        for each in seen
    ]


def became(bench: Workbench, seen: Seen) -> Done | None:
    """What a document of the left side became on the right side before the two were known to be one."""
    where, mapping = bench.mapping.lives_on, bench.mapping
    number = seen.values.get(where.key) if where else None
    found = bench.resolver.find(Side.RIGHT.value, where.resource, where.path, number) if where and number else None
    if where is None or found is None:
        return None
    row = mirror.by_ids(bench.resolver.feeds[Side.RIGHT][where.resource], [found]).get(found)
    fields = from_json(row.fields) if row is not None else {}
    there = read(mapping, Side.RIGHT, fields, bench.resolver).values
    rule = next(each for each in mapping.match if each.keys == (where.key,))
    against = speaks_against(mapping, rule, seen.values, there)
    return Done(str(fields.get(where.shown) or found), {key: there.get(key) for key in against})


_NO_HITS = Hits()


def _hits(bench: Workbench, side: Side, seen: Sequence[Seen], decided: bool) -> dict[str, tuple[Hits, ...]]:
    keys = {each.external_id: match_keys(bench.mapping, each.values) for each in seen}
    found: dict[str, list[Hits]] = {external_id: [] for external_id in keys}
    for number, rule in enumerate(bench.mapping.match):
        asked = sorted({key for each in keys.values() if (key := each[number]) is not None})
        others = couplings.holders(bench.table, side.other, number, asked)
        rivals = couplings.holders(bench.table, side, number, asked)
        takers = couplings.takers(bench.table, number, asked) if rule.silent else {}
        alone: dict[str, list[str]] = {}
        if decided:
            _set_ignored_aside(bench, side.other, others, takers if rule.silent else alone)
            _set_ignored_aside(bench, side, rivals, takers if rule.silent else {})
        claims = _claims(bench, side, others) if decided and rule.silent else {}
        for external_id, each in keys.items():
            key = each[number] or ""
            mine = tuple([rival for rival in rivals.get(key, ()) if rival != external_id])
            taken = tuple(takers.get(key, ())) if rule.silent else ()
            there = tuple(others.get(key, ()))
            promised = tuple([other for other in there if other in claims and external_id not in claims[other]])
            if promised:
                there, taken = tuple([other for other in there if other not in promised]), taken + promised
            hits = Hits(there, mine, taken, tuple(alone.get(key, ())))
            found[external_id].append(_NO_HITS if hits == _NO_HITS else hits)
    return {external_id: tuple(each) for external_id, each in found.items()}


def _claims(bench: Workbench, side: Side, holders: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Records of the other side that a person said to couple, with whom: no rule may give them to somebody else."""
    ids = sorted({each for held in holders.values() for each in held})
    found: dict[str, set[str]] = {}
    told = Decision.objects.filter(table_id=bench.table, choice="couple")
    for other_id, mine in told.filter(side=side.value, other_id__in=ids).values_list("other_id", "external_id"):
        found.setdefault(other_id, set()).add(mine)
    for other_id, mine in told.filter(side=side.other.value, external_id__in=ids).values_list(
        "external_id", "other_id"
    ):
        found.setdefault(other_id, set()).add(mine)
    return found


def _set_ignored_aside(
    bench: Workbench, side: Side, holders: dict[str, list[str]], takers: dict[str, list[str]]
) -> None:
    """A record that a person left out is nobody's match, but it still holds its identity; its name is asked about."""
    ids = sorted({each for held in holders.values() for each in held})
    if not ids:
        return
    chosen = Decision.objects.filter(table_id=bench.table, side=side.value, choice="ignore", external_id__in=ids)
    ignored = set(chosen.values_list("external_id", flat=True))
    for key, held in holders.items():
        takers.setdefault(key, []).extend(each for each in held if each in ignored)
        holders[key] = [each for each in held if each not in ignored]


def _decisions(
    bench: Workbench, side: Side, external_ids: Sequence[str]
) -> tuple[Mapping[str, str], Mapping[str, list[str]]]:
    choices: dict[str, str] = {}
    never: dict[str, list[str]] = {}
    said = Decision.objects.filter(table_id=bench.table, side=side.value, external_id__in=external_ids)
    for each in said.exclude(choice__in=[*bench.mapping.permits, "accept"]):
        if each.choice == "never":
            never.setdefault(each.external_id, []).append(each.other_id)
        else:
            choices[each.external_id] = f"couple:{each.other_id}" if each.choice == "couple" else each.choice
    # What a person said of a record of the other side holds for its counterpart here as well.
    told = Decision.objects.filter(table_id=bench.table, side=side.other.value, other_id__in=external_ids)
    for each in told.filter(choice__in=("couple", "never")):
        if each.choice == "never":
            never.setdefault(each.other_id, []).append(each.external_id)
        else:
            choices.setdefault(each.other_id, f"couple:{each.external_id}")
    return choices, never
