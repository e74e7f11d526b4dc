"""OData pieces that every server must read the same way."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.records import Misunderstood, Unreachable, from_json
from kobling.sdk.odata import query
from kobling.sdk.odata.batch import Part, Unplaced, json_batch, multipart_batch, read_json_batch, read_multipart_batch
from kobling.sdk.odata.metadata import read_edmx
from kobling.sdk.odata.service import words

ID = UUID("0f5c7c1e-9a4e-4f46-8a1b-0c0d0e0f1011")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("O'Brien & Søn", "'O''Brien & Søn'"),
        (True, "true"),
        (None, "null"),
        (Decimal("1E+3"), "1000"),
        (ID, str(ID)),
        (datetime(2026, 1, 2, 3, 4, 5, 678999, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
    ],
)
def test_literals_are_spelled_as_the_grammar_wants(value: object, wanted: str) -> None:
    assert query.literal(value) == wanted


def test_an_or_is_put_in_parentheses_only_beside_an_and() -> None:
    both = query.one_of("id", ["a", "b"])
    assert query.all_of(both) == "id eq 'a' or id eq 'b'"
    assert query.all_of(both, "x eq 1", "") == "(id eq 'a' or id eq 'b') and x eq 1"


def test_a_query_string_has_no_plus_and_keeps_dollar_signs() -> None:
    assert query.query({"$filter": "name eq 'A+B & C'", "$top": 1, "$x": None}) == (
        "?$filter=name%20eq%20'A%2BB%20%26%20C'&$top=1"
    )


def test_a_json_batch_is_told_apart_by_ids_whatever_the_order() -> None:
    parts = [Part("POST", "/a", {"x": 1}), Part("DELETE", "/b", headers={"If-Match": "*"})]
    sent = json_batch(parts)
    assert [each["url"] for each in sent["requests"]] == ["a", "b"]
    assert "body" not in sent["requests"][1]
    told = {"responses": [{"id": "1", "status": 204}, {"id": "0", "status": 201, "body": {"x": Decimal("1.10")}}]}
    first, second = read_json_batch(told, 2)
    assert first is not None and from_json(first.body) == {"x": Decimal("1.10")}
    assert second is not None and second.status == 204


def test_a_part_without_an_answer_is_none() -> None:
    assert read_json_batch({"responses": [{"id": "1", "status": 200}]}, 2)[0] is None
    assert read_json_batch({"responses": "nonsense"}, 1) == [None]


def answers(boundary: str, *pieces: str) -> bytes:
    body = "".join(f"--{boundary}\r\n{piece}\r\n" for piece in pieces)
    return f"{body}--{boundary}--\r\n".encode()


def http(status: str, body: str = "", header: str = "OData-Version: 4.0") -> str:
    return f"Content-Type: application/http\r\n\r\nHTTP/1.1 {status}\r\n{header}\r\n\r\n{body}"


def test_multipart_answers_are_read_in_their_order() -> None:
    body = answers("b1", http("201 Created", '{"a":"--b1"}'), http("404 Not Found", "{}", "Retry-After: 7"))
    first, second, third = read_multipart_batch('multipart/mixed; boundary="b1"', body, 3)
    assert first is not None and second is not None
    assert (first.status, second.status, second.headers["retry-after"]) == (201, 404, "7")
    assert third is None


def test_answers_of_a_change_set_stand_in_its_place() -> None:
    inner = answers("c1", http("204 No Content"), http("204 No Content")).decode()
    nested = f"Content-Type: multipart/mixed; boundary=c1\r\n\r\n{inner}"
    found = read_multipart_batch("multipart/mixed; boundary=b1", answers("b1", nested), 2)
    assert [each.status for each in found if each] == [204, 204]


def test_a_failed_change_set_answers_once_for_all() -> None:
    found = read_multipart_batch("multipart/mixed; boundary=b1", answers("b1", http("412 Precondition Failed")), 3)
    assert [each and each.status for each in found] == [412, None, None]
    assert isinstance(found[0], Unplaced), "it names no part, so that it is no part's own"


def test_answers_are_told_by_the_part_that_they_name() -> None:
    """The single error of a change set belongs to the part it names (contract's correction), not to the first."""
    named = http("404 Not Found", "{}").replace("\r\n\r\n", "\r\nContent-ID: 3\r\n\r\n", 1)
    found = read_multipart_batch("multipart/mixed; boundary=b1", answers("b1", named), 3)
    assert [each and each.status for each in found] == [None, None, 404]
    other = http("204 No Content").replace("\r\n\r\n", "\r\nContent-ID: 9\r\n\r\n", 1)
    found = read_multipart_batch("multipart/mixed; boundary=b1", answers("b1", named, other), 3)
    assert [each and each.status for each in found] == [None, None, 404], "an answer that names nobody is nobody's"


def test_an_answer_without_a_boundary_leaves_everything_open() -> None:
    with pytest.raises(Unreachable):
        read_multipart_batch("text/html", b"<html>", 2)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=20)), min_size=1, max_size=5), st.booleans())
def test_a_multipart_batch_holds_every_body_once(bodies: list[dict[str, str]], together: bool) -> None:
    parts = [Part("POST", "/accounts", body, {"Prefer": "x"}) for body in bodies]
    sent = multipart_batch(parts, "/api/data/v9.2", "batch_1", together=together)
    assert sent.count(b"POST /api/data/v9.2/accounts HTTP/1.1\r\n") == len(bodies)
    assert sent.endswith(b"--batch_1--\r\n")
    assert (b"Content-Type: multipart/mixed" in sent) is together
    assert b"\n" not in sent.replace(b"\r\n", b"")


def test_errors_are_read_leniently() -> None:
    assert words(400, b'{"error":{"code":"0x0","message":"Nej"}}').text == "Nej"
    assert words(400, b"<html>").text == ""
    assert words(400, b'{"error":"x"}').text == "x"
    assert words(400, b"[1]").code is None


def test_metadata_tells_sets_and_lengths() -> None:
    document = b"""<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N"><EntityType Name="customer">
    <Property Name="number" Type="Edm.String" MaxLength="20"/></EntityType>
    <EntityContainer Name="C"><EntitySet Name="customers" EntityType="N.customer"/></EntityContainer></Schema>
    </edmx:DataServices></edmx:Edmx>"""
    assert read_edmx(document, "X")["customers"]["number"].max_length == 20


@pytest.mark.parametrize("document", [b"<html", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'])
def test_a_document_that_is_none_is_refused(document: bytes) -> None:
    with pytest.raises(Misunderstood):
        read_edmx(document, "X")
