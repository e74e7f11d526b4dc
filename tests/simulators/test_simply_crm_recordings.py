"""Every answer of a real vTiger server, replayed in the order it was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kobling_simulators.wire import Reply
from tests.simulators.crm import Crm

RECORDINGS = Path(__file__).parent / "recordings"
US_TAXES = [
    {"label": "VAT", "percentage": "4.500"},
    {"label": "Sales", "percentage": "10.000"},
    {"label": "Service", "percentage": "12.500"},
]


KRONER = {"name": "Denmark, Kroner", "code": "DKK", "symbol": "kr", "rate": "1"}


def recorded(name: str) -> dict[str, Any]:
    return json.loads(next(RECORDINGS.glob(f"{name}*.json")).read_text())


class Replay:
    """Walks through the recordings; each step sets the clock, asks what was asked and keeps both answers."""

    def __init__(self) -> None:
        self.crm = Crm(taxes=US_TAXES, currencies=[KRONER], custom_fields=[])
        self.crm.login()
        self.answers: dict[str, Reply] = {}

    def at(self, time: str) -> None:
        moment = datetime.fromisoformat(f"2026-11-22 {time}").replace(tzinfo=UTC)
        self.crm.clock.freeze(moment.timestamp())

    def play(self, *names: str) -> None:
        for name in names:
            request = recorded(name)["request"]
            given = {key: value for key, value in request["params"].items() if key != "operation"}
            if "sessionName" in given:
                given["sessionName"] = self.crm.session
            if isinstance(given.get("element"), dict):
                given["element"] = json.dumps(given["element"])
            send = self.crm.get if request["method"] == "GET" else self.crm.post
            self.answers[name] = send(request["params"]["operation"], **given)

    def contact(self, lastname: str) -> None:
        self.crm.create("Contacts", lastname=lastname)


def describes() -> list[str]:
    return sorted(path.stem for path in RECORDINGS.glob("10_*.json"))


@pytest.fixture(scope="module")
def replay() -> Replay:
    replay = Replay()
    replay.at("21:31:54")
    replay.play("03", *describes(), "20", "21", "22", "23", "24", "25", "26", "27", "28")
    replay.at("21:31:55")
    replay.play("30", "31")
    replay.contact("To be deleted")
    replay.play("40", "41", "42", "43", "44", "90", "91", "92", "50", "51", "52", "54", "61")
    replay.at("21:32:28")
    replay.play("70", "71", "72", "73", "74")
    replay.at("21:33:38")
    replay.contact("Nr 7")
    replay.at("21:33:39")
    for number in range(8, 140):
        replay.contact(f"Nr {number}")
    replay.play("62", "63", "65", "66", "64", "a0")
    replay.at("21:35:19")
    replay.play("a1", "a2", "a3")
    replay.at("21:35:20")
    replay.play("a4", "a5", "a6", "a7")
    replay.at("21:38:40")
    replay.crm.create("Products", productname="Filler")
    replay.contact("Filler")
    replay.contact("O'Brien")
    replay.play("60")
    replay.at("21:38:45")
    replay.play("f0", "f1", "f2")
    replay.at("21:38:46")
    replay.play("f3", "f4")
    return replay


PLAYED = [
    "03",
    *describes(),
    *["20", "21", "22", "23", "24", "25", "26", "27", "28", "30", "31", "40", "41", "42", "43", "44"],
    *["50", "51", "52", "54", "60", "61", "62", "63", "64", "65", "66", "70", "71", "72", "73", "74", "90", "91", "92"],
    *["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "f0", "f1", "f2", "f3", "f4"],
]


@pytest.mark.parametrize("name", PLAYED)
def test_the_answer_is_the_recorded_one_value_by_value(replay: Replay, name: str) -> None:
    expected, reply = recorded(name), replay.answers[name]
    assert reply.status == expected["http_status"]
    assert reply.content_type == expected["content_type"]
    if reply.status == 500:
        assert reply.body == b""
        return
    assert json.loads(reply.body) == expected["body"]


def test_every_recording_is_replayed() -> None:
    signing_in = ["01", "02", "c3", "c5", "c6", "c7", "c9", "ca"]
    elsewhere = "inv_"  # test_simply_crm_invoice_recordings
    played = (*PLAYED, *signing_in, elsewhere)
    assert [path.stem for path in RECORDINGS.glob("*.json") if not path.stem.startswith(played)] == []


def test_a_challenge_has_the_recorded_shape() -> None:
    answer = json.loads(Crm().get("getchallenge", username="admin").body)
    expected = recorded("01")["body"]
    assert answer.keys() == expected.keys()
    assert answer["result"].keys() == expected["result"].keys()
    assert len(answer["result"]["token"]) == len(expected["result"]["token"])
    assert answer["result"]["expireTime"] - answer["result"]["serverTime"] == 300


def test_a_login_has_the_recorded_shape() -> None:
    crm = Crm()
    reply = crm.post("login", username="admin", accessKey=crm.key(crm.token()))
    answer, expected = json.loads(reply.body)["result"], recorded("02")["body"]["result"]
    assert answer.keys() == expected.keys()
    same = set(expected) - {"sessionName", "first_name", "last_name", "email"}
    assert {name: answer[name] for name in same} == {name: expected[name] for name in same}


def _bad_key(crm: Crm) -> Reply:
    crm.token()
    return crm.post("login", username="admin", accessKey="0" * 32)


def _superseded(crm: Crm) -> Reply:
    first = crm.token()
    crm.token()
    return crm.post("login", username="admin", accessKey=crm.key(first))


def _logout(crm: Crm) -> Reply:
    crm.login()
    return crm.signed("logout")


def _after_logout(crm: Crm) -> Reply:
    _logout(crm)
    return crm.signed("listtypes")


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("c3", _bad_key),
        ("c5", _superseded),
        ("c6", lambda crm: crm.get("listtypes")),
        ("c7", lambda crm: crm.get("listtypes", sessionName="nobody")),
        ("c9", _logout),
        ("ca", _after_logout),
    ],
)
def test_signing_in_and_out_is_refused_as_recorded(name: str, ask: Callable[[Crm], Reply]) -> None:
    reply = ask(Crm())
    assert (reply.status, json.loads(reply.body)) == (200, recorded(name)["body"])
