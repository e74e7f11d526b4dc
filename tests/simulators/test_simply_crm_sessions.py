"""Signing in to Simply CRM, and what its one endpoint makes of parameters."""

from __future__ import annotations

import json

import pytest

from kobling_simulators.simply_crm.sessions import IDLE_LIFE, TOKEN_LIFE, TOTAL_LIFE
from kobling_simulators.wire import Call
from tests.simulators.crm import POST, Crm, error, result, signed_in


def test_an_unknown_user_is_denied_a_challenge() -> None:
    assert error(Crm().get("getchallenge", username="nobody"))[0] == "ACCESS_DENIED"


def test_a_login_without_a_challenge_has_an_invalid_token() -> None:
    assert error(Crm().post("login", username="admin", accessKey="x"))[0] == "INVALID_AUTH_TOKEN"


def test_a_token_is_over_after_300_seconds() -> None:
    crm = Crm()
    token = crm.token()
    crm.clock.advance(TOKEN_LIFE + 1)
    assert error(crm.post("login", username="admin", accessKey=crm.key(token)))[0] == "INVALID_AUTH_TOKEN"


def test_a_token_serves_twice_while_it_lives() -> None:
    crm = Crm()
    token = crm.token()
    names = {result(crm.post("login", username="admin", accessKey=crm.key(token)))["sessionName"] for _ in range(2)}
    assert len(names) == 2


def test_two_sessions_of_one_user_live_side_by_side() -> None:
    crm = Crm()
    first, second = crm.login(), crm.login()
    for name in (first, second):
        assert result(crm.get("listtypes", sessionName=name))


def test_a_session_left_idle_is_over_but_use_keeps_it_alive() -> None:
    crm = signed_in()
    for _ in range(3):
        crm.clock.advance(IDLE_LIFE - 1)
        assert result(crm.signed("listtypes"))
    crm.clock.advance(IDLE_LIFE + 1)
    assert error(crm.signed("listtypes"))[0] == "SESSION_LEFT_IDLE"


def test_a_session_is_over_after_a_day_however_busy() -> None:
    crm = signed_in()
    for _ in range(TOTAL_LIFE // 1700):
        crm.clock.advance(1700)
        crm.signed("listtypes")
    crm.clock.advance(1700)
    assert error(crm.signed("listtypes"))[0] == "SESSION_EXPIRED"


def test_a_session_can_be_extended_and_revoked() -> None:
    crm = signed_in()
    assert result(crm.post("extendsession", sessionName=crm.session)) == {
        "sessionName": crm.session,
        "userId": "19x1",
        "version": "0.22",
        "vtigerVersion": "8.0.0",
    }
    assert crm.simulator.revoke_all() == 1
    assert error(crm.signed("listtypes"))[0] == "INVALID_SESSIONID"


@pytest.mark.parametrize("operation", ["", "frobnicate", "sync"])
def test_what_php_cannot_do_is_an_empty_500(operation: str) -> None:
    crm = signed_in()
    given = {"modifiedTime": "946684800", "elementType": "Contacts"}
    reply = crm.get(operation, sessionName=crm.session, **given)
    assert (reply.status, reply.body) == (500, b"")


def test_revise_can_be_missing() -> None:
    crm = signed_in(list_revise=False)
    assert crm.signed("revise", element={"id": "12x2"}).status == 500


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("retrieve", {"id": "11x2"}, "ACCESS_DENIED"),
        ("query", {"query": "select * from Accounts;"}, "QUERY_SYNTAX_ERROR"),
        ("describe", {"elementType": "Accounts"}, "ACCESS_DENIED"),
    ],
)
def test_reads_see_nothing_that_was_posted(operation: str, given: dict[str, str], code: str) -> None:
    crm = signed_in()
    assert error(crm.post(operation, sessionName=crm.session, **given))[0] == code


@pytest.mark.parametrize("operation", ["create", "revise", "update", "delete"])
def test_writes_see_nothing_that_stands_in_the_address(operation: str) -> None:
    crm = signed_in()
    made = crm.create("Contacts", lastname="Bøgh")
    element = json.dumps({"id": made["id"], "lastname": "X", "assigned_user_id": "19x1"})
    reply = crm.get(operation, sessionName=crm.session, id=made["id"], element=element, elementType="Contacts")
    assert error(reply)[0] == "ACCESS_DENIED"
    assert [row["lastname"] for row in crm.query("select lastname from Contacts;")] == ["Bøgh"]


def test_a_read_may_be_posted_when_its_parameters_stand_in_the_address() -> None:
    crm = signed_in()
    asked = {"operation": "query", "sessionName": crm.session, "query": "select id from Users;"}
    reply = crm.simulator.answer(Call("POST", "/webservice.php", asked, POST, b""))
    assert len(result(reply)) == 2


def test_a_parameter_that_is_0_is_dropped() -> None:
    crm = signed_in(sync="works")
    assert error(crm.signed("retrieve", id="0"))[0] == "ACCESS_DENIED"
    assert crm.signed("sync", modifiedTime="0", elementType="Contacts").status == 500


def test_a_form_may_be_multipart() -> None:
    crm = Crm()
    token = crm.token()
    fields = {"operation": "login", "username": "admin", "accessKey": crm.key(token)}
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = crm.simulator.answer(Call("POST", "/webservice.php", {}, headers, f"{parts}--b--\r\n".encode()))
    assert result(reply)["userId"] == "19x1"


def test_another_address_is_not_there() -> None:
    assert Crm().simulator.answer(Call("POST", "/index.php", {}, POST, b"")).status == 404


def test_older_versions_tell_less_at_login() -> None:
    crm = Crm(vtiger_version="7.2.0")
    answer = result(crm.post("login", username="admin", accessKey=crm.key(crm.token())))
    assert answer.keys() == {"sessionName", "userId", "version", "vtigerVersion"}


def test_only_an_admin_reads_the_access_keys_of_others() -> None:
    crm = signed_in()
    assert all(row["accesskey"] for row in crm.query("select * from Users;"))
    crm.login("saelger")
    keys = {row["id"]: row["accesskey"] for row in crm.query("select * from Users;")}
    assert keys == {"19x1": "", "19x5": crm.credentials["user_access_key"]}
