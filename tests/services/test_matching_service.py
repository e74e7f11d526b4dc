"""Matching by chosen rules: what is certain is coupled, what competes is asked, and nobody is coupled twice."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.couplings.matcher import Rule
from kobling.hub.models import Coupling, Decision, Event, MirrorRow, SyncIssue
from kobling.hub.services import issues, matching
from kobling.hub.store import mirror
from kobling.mapping import Condition, Side
from kobling.records import Record, SettingsError, Unsafe
from kobling.sync.matching import pair_off
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WHO = Actor.operator("bogholder")
BY_EMAIL = [Rule(("email",))]


def left(bench: Bench, **fields: Any) -> str:
    return bench.companies.put(fields).external_id


def right(bench: Bench, **fields: Any) -> str:
    return bench.contacts.put(fields).external_id


def seen(bench: Bench) -> None:
    """Both sides are read; nothing is written."""
    bench.run(kind="plan")


def preview(bench: Bench, rules: list[Rule], **options: Any) -> matching.Preview:
    return matching.preview(WHO, bench.pair, "customers", rules, bench.opener, **options)


def apply(bench: Bench, rules: list[Rule], **options: Any) -> matching.Applied:
    return matching.apply(WHO, bench.pair, "customers", rules, bench.opener, NOW, **options)


def coupled() -> set[tuple[str, str]]:
    return set(Coupling.objects.values_list("left_id", "right_id"))


def two_alike(bench: Bench) -> tuple[str, str]:
    made = left(bench, title="Alfa", mail="A@x.example"), right(bench, Name="Helt andet", Email="a@x.example")
    seen(bench)
    return made


def test_a_preview_shows_what_belongs_together_and_changes_nothing(bench: Bench) -> None:
    one, other = two_alike(bench)
    found = preview(bench, BY_EMAIL)
    assert [(row.left, row.right, row.keys) for row in found.rows] == [(one, other, "email")]
    assert found.rows[0].score < 90, "the names tell a person that something is odd"
    assert not coupled()
    assert not SyncIssue.objects.exclude(state="settled").filter(kind="ambiguous").exists()


def test_one_hit_both_ways_couples_and_the_next_run_brings_the_two_in_step(bench: Bench) -> None:
    pair = two_alike(bench)
    assert apply(bench, BY_EMAIL, why="samme adresse").coupled == 1
    assert coupled() == {pair}
    assert bench.run().state == "done"
    assert [each.fields["Name"] for each in bench.contacts.all()] == ["Alfa"]
    assert len(bench.companies.all()) == 1
    assert Event.objects.filter(what="matched", who="bogholder", why="samme adresse").exists()


def test_case_counts_when_a_person_says_so(bench: Bench) -> None:
    left(bench, title="ALFA")
    right(bench, Name="Alfa")
    seen(bench)
    bench.change("customers", match=())
    assert preview(bench, [Rule(("name",), ignore_case=False)]).hits == 0
    assert preview(bench, [Rule(("name",))]).hits == 1


def test_several_hits_go_to_a_person_and_no_run_touches_them_until_then(bench: Bench) -> None:
    one = left(bench, title="Alfa", mail="a@x.example")
    others = [right(bench, Name=name, Email="a@x.example") for name in ("Beta", "Gamma")]
    seen(bench)
    assert preview(bench, BY_EMAIL).group_count == 1
    assert apply(bench, BY_EMAIL).asked == 3
    bench.run()
    assert (len(bench.companies.all()), len(bench.contacts.all())) == (1, 2)
    issue = SyncIssue.objects.get(kind="ambiguous", left_id=one)
    assert issues.details(issue)["candidates"] == sorted(others)
    issues.settle(WHO, issue, "couple", bench.opener, NOW, other=others[0])
    for each in SyncIssue.objects.filter(kind="ambiguous", right_id=others[1]).exclude(state="settled"):
        issues.settle(WHO, each, "create", bench.opener, NOW)
    bench.run()
    bench.run()
    assert (one, others[0]) in coupled()
    assert (len(bench.companies.all()), len(bench.contacts.all())) == (2, 2)
    assert bench.issues() == []


def test_saying_no_to_one_of_several_keeps_the_question_about_the_rest(bench: Bench) -> None:
    one = left(bench, title="Alfa", mail="a@x.example")
    others = sorted(right(bench, Name=name, Email="a@x.example") for name in ("Beta", "Gamma", "Delta"))
    seen(bench)
    apply(bench, BY_EMAIL)
    issue = SyncIssue.objects.get(left_id=one)
    issues.settle(WHO, issue, "never", bench.opener, NOW, other=others[0])
    bench.run()
    issue.refresh_from_db()
    assert (issue.state, issues.details(issue)["candidates"]) == ("parked", others[1:])
    assert len(bench.contacts.all()) == 3, "nothing is made of a record that is asked about"


def test_a_better_rule_settles_what_was_asked(bench: Bench) -> None:
    one = left(bench, title="Alfa", mail="a@x.example", limit=7)
    wanted, other = (right(bench, Name=name, Email="a@x.example", Limit=n) for name, n in (("Beta", 7), ("Gamma", 8)))
    seen(bench)
    apply(bench, BY_EMAIL)
    assert apply(bench, [Rule(("email", "limit"))]).coupled == 1
    assert coupled() == {(one, wanted)}
    still = SyncIssue.objects.filter(kind="ambiguous").exclude(state="settled")
    assert list(still.values_list("right_id", flat=True)) == [other]


def test_rules_are_tried_by_priority_and_the_first_that_hits_decides(bench: Bench) -> None:
    one = left(bench, title="Alfa", mail="a@x.example", limit=5)
    by_mail, by_limit = right(bench, Name="B", Email="a@x.example"), right(bench, Name="C", Limit=5)
    seen(bench)
    mail, limit = Rule(("email",), True, 1), Rule(("limit",), True, 2)
    assert [row.right for row in preview(bench, [limit, mail]).rows] == [by_mail]
    flipped = [Rule(("email",), True, 2), Rule(("limit",), True, 1)]
    assert [(row.left, row.right) for row in preview(bench, flipped).rows] == [(one, by_limit)]


def test_the_mappings_own_rules_are_used_where_none_are_given(bench: Bench) -> None:
    left(bench, title="Alfa", cvr="12345674")
    right(bench, Name="Beta", VatNumber="12345674")
    seen(bench)
    assert [row.keys for row in preview(bench, []).rows] == ["cvr"]


def test_empty_values_match_nobody(bench: Bench) -> None:
    left(bench, title="Alfa", mail=None)
    right(bench, Name="Beta", Email=None)
    seen(bench)
    found = preview(bench, BY_EMAIL)
    assert (found.hits, found.group_count, found.unmatched_left, found.unmatched_right) == (0, 0, 1, 1)


def test_never_these_two_is_respected_in_bulk(bench: Bench) -> None:
    pair = two_alike(bench)
    assert matching.never_many(WHO, bench.pair, bench.opener, "customers", [pair, pair], NOW) == 1
    assert preview(bench, BY_EMAIL).hits == 0
    assert apply(bench, BY_EMAIL).coupled == 0
    refused = matching.couple_many(WHO, bench.pair, bench.opener, "customers", [pair], NOW).refused
    assert refused == [(*pair, matching.NEVER)]
    assert not coupled()


def test_unmatched_records_are_left_alone_unless_a_person_wants_them_made(bench: Bench) -> None:
    bench.change("customers", only_coupled=True)
    left(bench, title="Alfa")
    right(bench, Name="Beta")
    seen(bench)
    assert apply(bench, BY_EMAIL).created == 0
    bench.run()
    assert (len(bench.companies.all()), len(bench.contacts.all())) == (1, 1)
    assert apply(bench, BY_EMAIL, create_unmatched=True).created == 2
    bench.run()
    assert (len(bench.companies.all()), len(bench.contacts.all()), len(coupled())) == (2, 2, 2)


def test_a_record_that_is_left_out_as_blocked_is_a_persons_to_judge(bench: Bench) -> None:
    bench.change("customers", right_filter=(Condition("Blocked", "empty", keeps_name=True),))
    left(bench, title="Alfa", mail="a@x.example")
    right(bench, Name="Alfa", Email="a@x.example", Blocked="yes")
    seen(bench)
    found = apply(bench, BY_EMAIL, create_unmatched=True)
    assert (found.coupled, found.asked, found.created) == (0, 2, 0)


def test_what_a_person_said_of_a_record_stands_against_any_rule(bench: Bench) -> None:
    one, _ = two_alike(bench)
    Decision.objects.create(
        table_id=bench.opener.benches(bench.pair)["customers"].table,
        side="left",
        external_id=one,
        choice="create",
        decided_by="x",
        decided_at=NOW,
    )
    assert preview(bench, BY_EMAIL).hits == 0


def test_uncoupling_a_table_takes_couplings_only_and_matching_finds_them_again(bench: Bench) -> None:
    for n in range(4):
        left(bench, title=f"Firma {n}", mail=f"{n}@x.example")
    bench.run()
    before = coupled()
    assert matching.uncouple_many(WHO, bench.pair, bench.opener, "customers", NOW) == 4
    bench.run()
    assert (coupled(), len(bench.companies.all()), len(bench.contacts.all())) == (set(), 4, 4)
    assert preview(bench, BY_EMAIL).hits == 0, "who was uncoupled is left alone"
    assert apply(bench, BY_EMAIL, left_out=True).coupled == 4
    assert coupled() == before


def test_uncoupling_by_ids_of_either_side_leaves_the_others(bench: Bench) -> None:
    for n in range(3):
        left(bench, title=f"Firma {n}")
    bench.run()
    (one, _), (_, other), rest = sorted(coupled())
    given = [one, other, "nobody"]
    assert matching.uncouple_many(WHO, bench.pair, bench.opener, "customers", NOW, given) == 2
    assert coupled() == {rest}


def test_coupling_many_names_those_that_cannot_be_and_couples_the_others(bench: Bench) -> None:
    lefts = sorted(left(bench, title=name) for name in ("Alfa", "Beta"))
    rights = sorted(right(bench, Name=name) for name in ("Gamma", "Delta"))
    seen(bench)
    wanted = [(lefts[0], rights[0]), (lefts[0], rights[1]), (lefts[1], "nobody"), (lefts[1], rights[1])]
    done = matching.couple_many(WHO, bench.pair, bench.opener, "customers", wanted, NOW)
    assert [why for _, _, why in done.refused] == [matching.TAKEN, matching.MISSING]
    assert coupled() == {(lefts[0], rights[0]), (lefts[1], rights[1])}


def test_nothing_is_coupled_while_a_run_is_going_on(bench: Bench) -> None:
    two_alike(bench)
    runs.ask(bench.pair, "x", NOW)
    assert runs.claim("x", NOW) is not None
    with pytest.raises(Unsafe):
        apply(bench, BY_EMAIL)
    assert not coupled()


def test_a_field_that_is_not_there_is_named_with_those_that_are(bench: Bench) -> None:
    with pytest.raises(SettingsError) as wrong:
        preview(bench, [Rule(("colour",))])
    assert "name, cvr, email, limit" in str(wrong.value)


def test_a_table_without_rules_of_its_own_says_so(bench: Bench) -> None:
    bench.change("customers", match=())
    with pytest.raises(SettingsError):
        preview(bench, [])


def test_pages_together_are_the_whole_and_none_comes_twice(bench: Bench) -> None:
    for n in range(7):
        left(bench, title=f"L{n}", mail=f"{n}@x.example")
        right(bench, Name=f"R{n}", Email=f"{n}@x.example")
    seen(bench)
    pages = [preview(bench, BY_EMAIL, after=at, limit=3).rows for at in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({row.left for page in pages for row in page}) == 7


RULES = [Rule(("email",), True, 1), Rule(("name",), True, 2), Rule(("limit",), True, 3)]


@pytest.mark.parametrize("seed", range(6))
def test_a_whole_table_comes_out_the_same_in_any_order_and_nobody_is_coupled_twice(bench: Bench, seed: int) -> None:
    random = Random(seed)
    work = bench.opener.benches(bench.pair)["customers"]
    never = {(f"L{random.randrange(30)}", f"R{random.randrange(30)}") for _ in range(60)}
    matching.never_many(WHO, bench.pair, bench.opener, "customers", sorted(never), NOW)
    made: dict[Side, list[Record]] = {}
    for side, name, mail, limit in ((Side.LEFT, "title", "mail", "limit"), (Side.RIGHT, "Name", "Email", "Limit")):
        made[side] = [
            Record(
                work.mapping.resource(side),
                f"{side.value[0].upper()}{n}",
                {
                    name: f"Firma {random.randrange(20)}",
                    mail: f"{random.randrange(25)}@x.example",
                    limit: random.randrange(9),
                },
            )
            for n in range(30)
        ]
    found = []
    for _ in range(3):
        MirrorRow.objects.all().delete()
        for side in Side:
            random.shuffle(made[side])
            mirror.put(work.feeds[side], made[side], [], NOW)
        shown = preview(bench, random.sample(RULES, 3), limit=1000)
        found.append(({(row.left, row.right, row.keys) for row in shown.rows}, shown.group_count, shown.contested))
    assert found[0] == found[1] == found[2]
    pairs = [(one, other) for one, other, _ in found[0][0]]
    assert pairs, "a draw without a single hit proves nothing"
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    assert not never & set(pairs)
    assert len(pairs) * 2 + shown.contested + shown.unmatched_left + shown.unmatched_right == 60
    apply(bench, RULES)
    assert coupled() == set(pairs)


IDS = st.lists(st.integers(0, 6).map(str), unique=True)


@given(IDS, IDS, st.sets(st.tuples(st.integers(0, 6).map(str), st.integers(0, 6).map(str))), st.randoms())
def test_no_record_is_coupled_twice_no_never_pair_at_all_and_order_makes_no_difference(
    lefts: list[str], rights: list[str], never: set[tuple[str, str]], random: Any
) -> None:
    pairs, rivals, others = pair_off(lefts, rights, never)
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    assert not never & set(pairs)
    assert not rivals & {one for one, _ in pairs}
    assert not others & {other for _, other in pairs}
    shuffled = [random.sample(each, len(each)) for each in (lefts, rights)]
    assert pair_off(*shuffled, never) == (pairs, rivals, others)
    for one, other in pairs:
        assert [r for r in rights if (one, r) not in never] == [other]
        assert [each for each in lefts if (each, other) not in never] == [one]


@given(IDS, IDS, st.sets(st.tuples(st.integers(0, 6).map(str), st.integers(0, 6).map(str))))
def test_whoever_has_a_hit_is_coupled_or_asked_about(
    lefts: list[str], rights: list[str], never: set[tuple[str, str]]
) -> None:
    pairs, rivals, others = pair_off(lefts, rights, never)
    with_hits = {one for one in lefts if any((one, other) not in never for other in rights)}
    assert {one for one, _ in pairs} | rivals == with_hits
    assert {other for _, other in pairs} | others == {r for r in rights if any((one, r) not in never for one in lefts)}
