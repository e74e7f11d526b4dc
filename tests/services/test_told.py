"""What callers are told: the same names for every caller, and nothing that is secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.cli import output
from kobling.hub import vault
from kobling.hub.models import Connection
from kobling.hub.services import connections, credentials, pairs
from kobling.hub.told.pairs import PairTold
from kobling.hub.told.said import Said
from tests.engine.bench import benches

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("ejer")
CLI = Path(output.__file__).parent
CANARY = "very-secret-canary"


@pytest.fixture
def bench() -> Any:
    for bench in benches():
        for row in Connection.objects.all():
            row.secrets = vault.seal({"key": CANARY})
            row.grant = vault.seal({"access_token": CANARY})
            row.save()
        yield bench


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


def test_the_command_line_builds_no_documents_of_rows() -> None:
    """What scripts see is made in ``hub/told``; the command line only names what its own commands did."""
    for path in sorted(CLI.glob("*.py")):
        assert "_data(" not in path.read_text(encoding="utf-8"), path.name
