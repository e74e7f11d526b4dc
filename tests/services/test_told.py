"""What callers are told: the same names for every caller, and nothing that is secret."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from kobling.access.actors import Kind, Who
from kobling.access.policy import Actor
from kobling.cli import output
from kobling.files import PROFILES, read_answer
from kobling.hub import vault
from kobling.hub.couplings.matcher import Rule
from kobling.hub.models import Connection, SyncIssue
from kobling.hub.planning.forecast import Forecast, SideForecast
from kobling.hub.services import (
    connections,
    credentials,
    identity,
    issues,
    keys,
    marketplace,
    matching,
    mending,
    pairs,
    reviewing,
)
from kobling.hub.services.overview import Customer, Document
from kobling.hub.services.stock import Level
from kobling.hub.told.books import PayerTold, StockTold
from kobling.hub.told.checks import CheckTold, IdentitiesTold
from kobling.hub.told.connections import ConnectedTold, HealthTold, SettingTold
from kobling.hub.told.couplings import CoupledTold, LinkTold, MatchedTold, MendedTold
from kobling.hub.told.files import AnswerTold, ProfileTold
from kobling.hub.told.keys import CredentialTold, RenewedTold
from kobling.hub.told.offers import ActivatedTold
from kobling.hub.told.pairs import MadeTold, OptionsTold, PairTold, ScheduleTold
from kobling.hub.told.records import AnswerForetold, ChoiceTold, NotSettled, SettledTold
from kobling.hub.told.runs import FullSyncTold, ReviewTold
from kobling.hub.told.said import Said, filled
from kobling.mapping import Side
from kobling.mapping.identity import Checked
from kobling.sdk.figures import Figure
from kobling.sdk.protocols import Finding, Health, Setting
from kobling.sdk.registers import Registered
from kobling.sync.answers import Answer
from tests.engine.bench import benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("ejer")
CLI = Path(output.__file__).parent
CANARY = "very-secret-canary"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = "2026-11-23T12:00:00Z"
Prints = Callable[[Any, Any], None]


@pytest.fixture
def bench() -> Any:
    for bench in benches():
        for row in Connection.objects.all():
            row.secrets = vault.seal({"key": CANARY})
            row.grant = vault.seal({"access_token": CANARY})
            row.save()
        yield bench


@pytest.fixture
def prints(capsys: pytest.CaptureFixture[str]) -> Prints:
    """What scripts see of something told: these names in this order, numbers as they are written."""

    def check(told: Any, wanted: Any) -> None:
        capsys.readouterr()
        output.as_json(told)
        found = json.loads(capsys.readouterr().out, parse_float=Decimal)
        assert found == wanted
        assert json.dumps(found, default=str) == json.dumps(wanted, default=str)

    return check


def conflict(bench: Any) -> SyncIssue:
    """An e-mail that was changed on both sides."""
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "left@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@x.example"})
    bench.run()
    return SyncIssue.objects.get(kind="conflict")


def test_no_row_that_a_service_hands_out_holds_what_is_sealed(bench: Any) -> None:
    pair = pairs.find(WHO, bench.pair.name)
    made, _ = connections.connect(WHO, bench.pair.client, bench.opener, "left", {}, "another")
    rows = [connections.find(WHO, "left"), made, pair.left, pair.right]
    rows += [side for each in pairs.listed(WHO) for side in (each.left, each.right)]
    assert len(rows) == 6
    assert all({"secrets", "grant"} <= each.get_deferred_fields() for each in rows)


def test_what_is_told_of_connections_and_pairs_says_nothing_secret(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = pairs.find(WHO, bench.pair.name)
    output.as_json(connections.listed(WHO))
    output.as_json(credentials.listed(WHO))
    output.as_json(PairTold.of(pair, pairs.status(WHO, pair)))
    told = capsys.readouterr().out
    sealed = {text for row in Connection.objects.all() for text in (row.secrets, row.grant)}
    assert "left" in told and CANARY not in told
    assert not any(text in told for text in sealed if text)


def test_a_connection_that_was_found_without_its_keys_keeps_them_when_it_is_saved(bench: Any) -> None:
    found = connections.find(WHO, "left")
    credentials.rename(WHO, found, "renamed")
    connections.test(WHO, found, bench.opener)
    assert vault.open_secrets(Connection.objects.get(name="renamed").secrets) == {"key": CANARY}


def test_keys_that_cannot_be_opened_are_named_by_connection(bench: Any) -> None:
    Connection.objects.filter(name="left").update(secrets="broken")
    assert set(vault.unreadable()) == {Connection.objects.get(name="left").pk}


def test_parts_are_one_document_and_sentences_are_filled(capsys: pytest.CaptureFixture[str]) -> None:
    output.as_json({"reason": Said("Next: %(step)s.", {"step": "sync"})}, {"more": 2})
    assert json.loads(capsys.readouterr().out) == {"reason": "Next: sync.", "more": 2}


OWN_WORDS = {
    ("output.py", "error"),
    ("records.py", "coupling"),
    ("records.py", "never"),
    ("records.py", "uncoupled"),
    ("syncing.py", "run", "cancelled"),
}
"""What no service knows: an error that ended a command, and that a command did as it was told."""


def test_the_command_line_builds_no_documents_of_rows() -> None:
    """What scripts see is made in ``hub/told``; the command line only names what its own commands did."""
    for path in sorted(CLI.glob("*.py")):
        assert "_data(" not in path.read_text(encoding="utf-8"), path.name
    assert set(built()) == OWN_WORDS


def built() -> Iterator[tuple[str, ...]]:
    """Documents that the command line builds by hand: the file, and the names."""
    for path in sorted(CLI.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _name(call.func) in ("as_json", "_tell"):
                yield from ((path.name, *names) for part in call.args for names in _built(part))


def _built(part: ast.expr) -> Iterator[tuple[str, ...]]:
    inner: set[ast.AST] = set()
    for node in ast.walk(part):
        if isinstance(node, ast.Dict) and node not in inner:
            inner |= set(ast.walk(node))
            yield tuple(str(getattr(each, "value", "**")) for each in node.keys)
        elif isinstance(node, ast.DictComp):
            yield ("a comprehension",)
        elif isinstance(node, ast.Call) and _name(node.func) in ("asdict", "dict"):
            yield (ast.unparse(node),)


def _name(called: ast.expr) -> str:
    return str(getattr(called, "attr", getattr(called, "id", "")))


def test_a_connection_is_told_with_its_account(bench: Any, prints: Prints) -> None:
    found, health = connections.find(WHO, "left"), Health("Alfa ApS", "2.1", ("orders",))
    account = {"connection": "left", "account_name": "Alfa ApS", "version": "2.1"}
    prints(HealthTold.of(found, health), account)
    prints(ConnectedTold.of(found, health), {**account, "not_offered": ["orders"]})


def test_a_setting_is_told_as_it_is_written(prints: Prints) -> None:
    wanted = {"name": "key", "label": "Key", "required": False, "secret": True}
    prints(SettingTold.of(Setting("key", "Key", "Help", secret=True, required=False)), wanted)


def test_figures_and_findings_are_told_as_connectors_give_them(prints: Prints) -> None:
    amounts = {"DKK": Decimal("10.50")}
    prints(Figure("wallet", None, amounts), {"name": "wallet", "number": None, "amounts": amounts})
    wanted = {"topic": "Orders", "observed": "2", "contract": "3", "ok": False}
    prints(Finding("Orders", "2", "3", False), wanted)


def test_a_key_that_was_given_is_told_without_its_content(bench: Any, prints: Prints) -> None:
    given = credentials.listed(WHO)[0]
    made_at = given.connection.created_at.isoformat().replace("+00:00", "Z")
    place = {"client": "Test ApS", "name": "left", "connector": "left", "account_name": "", "state": "untested"}
    prints(CredentialTold.of(given), {**place, "departments": [], "made_at": made_at, "revoked_at": None})


def test_what_became_of_key_files_is_told(prints: Prints) -> None:
    prints(keys.Rotated(2, 1, ("x",)), {"sealed": 2, "keys": 1, "unreadable": ["x"]})
    prints(RenewedTold.of(("x", "y")), {"forgotten": ["x", "y"]})


def test_numbers_that_were_checked_are_told_with_how_many_there_are(prints: Prints) -> None:
    wrong = identity.Finding("t", Side.LEFT, "1", "Alfa", "CVR", "123", Checked.DOUBTFUL, Registered.UNKNOWN)
    place = {"table": "t", "side": "left", "id": "1", "title": "Alfa", "field": "CVR", "number": "123"}
    told = {"counts": {"doubtful": 1}, "wrong": [{**place, "checked": "doubtful", "registered": "not_known"}]}
    prints(IdentitiesTold.of(Counter({Checked.DOUBTFUL: 1}), [wrong]), told)


def test_a_check_of_the_installation_is_told(prints: Prints) -> None:
    prints(CheckTold("Python", True, "3.11"), {"check": "Python", "ok": True, "found": "3.11"})


def test_a_profile_is_told_as_it_is_written(prints: Prints) -> None:
    for each in PROFILES.values():
        with translation.override("da"):
            told = {"name": each.name, "title": each.title, "note": each.note}
            prints(ProfileTold.of(each), {**told, "forms": [each.extension, *each.forms]})


def test_an_answer_to_a_file_is_told_line_by_line(prints: Prints) -> None:
    head = b"Faktura;Status;Besked\n"
    answer = read_answer(head + b"1001;OK\n2;FEJL;Konto mangler\nwhat;ever\n3;INFO", ["1001", "0002", "3"])
    taken = {"number": "1001", "taken": True, "reason": "", "written": ""}
    refused = {"number": "0002", "taken": False, "reason": "Konto mangler", "written": "2"}
    unknown = [{"line": 4, "text": "what;ever"}, {"line": 5, "text": "3;INFO"}]
    wanted = {"told": [taken, refused], "unknown": unknown, "undecided": ["3"]}
    prints(AnswerTold.of(answer), wanted)


def test_what_was_switched_on_is_told_with_how_it_is_used(bench: Any, prints: Prints) -> None:
    made = marketplace.activate(WHO, bench.pair.client, bench.opener, "memory", NOW, departments=["North"])
    prints(ActivatedTold.of(made), {"name": "memory", "mode": "full", "departments": ["North"], "price": ""})


def test_a_pair_is_told_with_its_options_and_when_it_runs(bench: Any, prints: Prints) -> None:
    pair = pairs.find(WHO, bench.pair.name)
    pair.options = {"colour": "red"}
    prints(MadeTold.of(pair), {"pair": "test", "type": "memory", "options": {"colour": "red"}})
    prints(OptionsTold.of(pair), {"pair": "test", "options": {"colour": "red"}})
    row = pairs.schedule(WHO, pair, NOW, cron="0 * * * *", time_zone="Europe/Oslo")
    next_at = {"enabled": True, "next_at": "2026-11-23T13:00:00Z"}
    prints(ScheduleTold.of(row), {"cron": "0 * * * *", "time_zone": "Europe/Oslo", **next_at})


def test_what_customers_owe_is_told_with_sums_and_documents(prints: Prints) -> None:
    total, paid, rest = Decimal("125.00"), Decimal("25.00"), Decimal("100.00")
    document = Document("9", 7, "2026-10-01", "2026-10-15", "DKK", total, paid, rest, "overdue")
    shown = {"external_id": "9", "number": 7, "day": "2026-10-01", "due": "2026-10-15", "currency": "DKK"}
    shown |= {"total": total, "paid": paid, "open": rest, "state": "overdue"}
    sums = {"DKK": {"paid": paid, "open": 0, "overdue": rest}}
    wanted = {"name": "Alfa", "contact": "c", "sums": sums, "documents": [shown]}
    prints(PayerTold.of(Customer("Alfa", "c", [document])), wanted)


def test_stock_is_told_with_when_it_was_asked(prints: Prints) -> None:
    wanted = {"item": "1", "in_stock": Decimal("2.5"), "unit": "pcs", "at": AT}
    prints(StockTold.of(Level("1", Decimal("2.5"), "pcs", NOW)), wanted)


def test_a_coupling_is_told_with_who_made_it(bench: Any, prints: Prints) -> None:
    left = bench.companies.put({"title": "Alfa"}).external_id
    right = bench.contacts.put({"Name": "Beta"}).external_id
    bench.run(kind="plan")
    many = [(left, right), ("nobody", right)]
    done = matching.couple_many(WHO, bench.pair, bench.opener, "customers", many, NOW)
    refused = {"left": "nobody", "right": right, "why": matching.MISSING}
    prints(CoupledTold.of(done), {"coupled": 1, "refused": [refused]})
    done.asked, done.created = 2, 3
    prints(MatchedTold.of(done), {"coupled": 1, "asked": 2, "created": 3, "refused": [list(refused.values())]})
    (row,) = mending.listed(WHO, bench.pair)
    place = {"coupling": row.uid, "table": "customers", "left_id": left, "right_id": right, "coupled_at": AT}
    told = LinkTold.of(row, Who(Kind.OPERATOR, "ejer"))
    prints(told, {**place, "coupled_by": "ejer", "coupled_by_kind": "operator"})


def test_broken_couplings_and_what_mending_did_are_told(bench: Any, prints: Prints) -> None:
    prints(MendedTold.of(mending.Mended(1, 2, [("u", "why")])), {"done": 1, "found": 2, "refused": [["u", "why"]]})
    place = {"coupling": "u", "table": "t", "title": "Alfa", "left_id": "1", "right_id": "2"}
    state = {"left": "there", "right": "gone", "since": AT, "chosen": "restore"}
    prints(mending.Broken("u", "t", "Alfa", "1", "2", "there", "gone", NOW, "restore"), {**place, **state})


def test_what_matching_would_do_is_told_as_it_is_shown(bench: Any, prints: Prints) -> None:
    for title, mail in (("Alfa", "a"), ("Beta", "b")):
        bench.companies.put({"title": title, "mail": f"{mail}@x.example"})
    for name, mail in (("Alpha", "a"), ("Beta 1", "b"), ("Beta 2", "b")):
        bench.contacts.put({"Name": name, "Email": f"{mail}@x.example"})
    bench.run(kind="plan")
    shown = matching.preview(WHO, bench.pair, "customers", [Rule(("email",))], bench.opener)
    (row,), (group,) = shown.rows, shown.groups
    ids = {"left": row.left, "right": row.right, "left_title": "Alfa", "right_title": "Alpha"}
    rows = [{**ids, "score": row.score, "keys": "email", "reason": matching.SAME}]
    members = {"left": [list(each) for each in group.left], "right": [list(each) for each in group.right]}
    groups = [{"keys": "email", **members, "left_size": 1, "right_size": 2}]
    rules = [{"keys": ["email"], "ignore_case": True, "priority": 1}]
    counts = {"hits": 1, "group_count": 1, "contested": 3, "unmatched_left": 0, "unmatched_right": 0}
    prints(shown, {"rules": rules, "rows": rows, "groups": groups, **counts})


def test_choices_are_told_in_the_persons_language(prints: Prints) -> None:
    answer = Answer("left", "Key", ends=False)
    prints(ChoiceTold.of(answer), {"choice": "left", "does": "Key", "ends": False})
    with translation.override("da"):
        prints(ChoiceTold.of(answer), {"choice": "left", "does": "Nøgle", "ends": False})


def test_what_an_answer_would_do_is_told_or_why_it_cannot_be_given(bench: Any, prints: Prints) -> None:
    issue = conflict(bench)
    does = next(each.does for each in issues.choices(WHO, issue, bench.opener) if each.choice == "left")
    (fits,) = issues.preview(WHO, [issue], "left", bench.opener, NOW)
    prints(AnswerForetold.of(fits), {"issue": issue.pk, "possible": True, "what": does})
    (misfit,) = issues.preview(WHO, [issue], "nonsense", bench.opener, NOW)
    assert misfit.problem is not None
    why = filled(misfit.problem.summary, misfit.problem.params)
    prints(AnswerForetold.of(misfit), {"issue": issue.pk, "possible": False, "what": why})
    told = SettledTold(3, [NotSettled.of(issue, misfit.problem)])
    prints(told, {"settled": 3, "failed": [{"issue": issue.pk, "why": why}]})


def test_a_review_is_told_with_what_is_foreseen_for_each_table(bench: Any, prints: Prints) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run(kind="plan")
    run = bench.run(full=True)
    line, _ = lines = reviewing.review(WHO, bench.pair, bench.opener)
    assert line.planned_at is not None
    planned_at = line.planned_at.isoformat().replace("+00:00", "Z")
    line.forecast = Forecast(SideForecast(1, 2, 3, 4, 5, 6, 7), SideForecast(8, 9, 10, 11, 12, 13, 14), 15, 16)
    what = ("create", "change", "couple", "conflict", "delete", "waits", "duplicates")
    sides = {"left": dict(zip(what, range(1, 8), strict=True)), "right": dict(zip(what, range(8, 15), strict=True))}
    size = {"left": 1, "right": 1, "coupled": 1, "recommendation": "full", "reason": line.reason}
    state = {"state": "done", "to_right": "done", "to_left": "done", "error": None}
    names = ("inserted", "modified", "deleted", "coupled", "uncoupled", "unchanged", "skipped", "failed")
    counters = {**dict.fromkeys(names, 0), "inserted": 1}
    table = {"table": "customers", "label": "customers", "depends_on": [], **size}
    foreseen = {**sides, "left_count": 15, "right_count": 16, "left_out": {}}
    table |= {"forecast": foreseen, "planned_at": planned_at, **state}
    table |= {"run": run.pk, "counters": counters}
    wanted = {"pair": "test", "planned_at": planned_at, "overtaken_by": run.pk, "tables": [table]}
    prints(ReviewTold.of(bench.pair, lines[:1], reviewing.overtaken(WHO, bench.pair)), wanted)
    synced = {"table": "customers", **state, "counters": counters}
    wanted = {"run": run.pk, "state": "done", "error": None, "tables": [synced]}
    prints(FullSyncTold.of(run, lines[:1]), wanted)
