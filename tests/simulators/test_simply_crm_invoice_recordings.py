"""Every recorded answer about invoices of a real vTiger server, replayed value by value."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.simulators.invoice_replay import Replay, local_set_up, names

# recording -> why it cannot be replayed; none so far
LEFT_OUT: dict[str, str] = {}
# number of a tax in the recordings -> its number on an installation that has the same taxes in another order
OTHER_NUMBERS = {"4": "1", "5": "2", "1": "3", "2": "4", "3": "5"}
# describe lists added taxes at other places than the first three, so that order cannot be renumbered
TELL_THE_ORDER = ("01_describe_Invoice", "01_describe_LineItem")


@pytest.fixture(scope="module")
def replay() -> Replay:
    return Replay().play_all()


@pytest.fixture(scope="module")
def elsewhere() -> Replay:
    local = local_set_up()
    local["taxes"] = [local["taxes"][at] for at in (3, 4, 0, 1, 2)]
    local["shipping_taxes"] = [local["shipping_taxes"][at] for at in (3, 0, 1, 2)]
    return Replay(local, renumbered).play_all()


def renumbered(recorded: Any, *, taxes: bool = False) -> Any:
    """What was recorded in terms of the other numbers: names of fields, ids of taxes, keys of lists of taxes."""
    if isinstance(recorded, dict):
        return {
            OTHER_NUMBERS[key] if taxes else _renamed(key): OTHER_NUMBERS[value]
            if key == "taxid" and value in OTHER_NUMBERS
            else renumbered(value, taxes=key == "taxes")
            for key, value in recorded.items()
        }
    if isinstance(recorded, list):
        return [renumbered(one) for one in recorded]
    return _renamed(recorded) if isinstance(recorded, str) else recorded


def _renamed(text: str) -> str:
    return re.sub(r"(?<![a-z])((?:_?sh)?tax|34x)([1-5])\b", lambda found: found[1] + OTHER_NUMBERS[found[2]], text)


def check(replay: Replay, name: str) -> None:
    assert replay.answers[name]
    for answer in replay.answers[name]:
        step, reply = answer.step, answer.reply
        assert (step.what, reply.status) == (step.what, step.status)
        if step.status == 500:
            assert (step.what, reply.body) == (step.what, b"")
        else:
            assert (step.what, json.loads(reply.body)) == (step.what, step.body)


@pytest.mark.parametrize("name", [name for name in names() if name not in LEFT_OUT])
def test_every_answer_is_the_recorded_one(replay: Replay, name: str) -> None:
    check(replay, name)


@pytest.mark.parametrize("name", [name for name in names() if name not in TELL_THE_ORDER])
def test_an_installation_with_other_numbers_for_its_taxes_answers_alike(elsewhere: Replay, name: str) -> None:
    check(elsewhere, name)


def test_all_143_recordings_are_there() -> None:
    assert len(names()) == 143
    assert set(LEFT_OUT) <= set(names())
