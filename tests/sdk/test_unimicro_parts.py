"""The pure parts of the Unimicro connector: graphs, error bodies, the signed statement of who the application is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

from kobling.connectors.unimicro import graphs
from kobling.connectors.unimicro.faults import USED_BEFORE, words_of
from kobling.connectors.unimicro.service import Service
from kobling.connectors.unimicro.sign_in import assertion, claims_of
from kobling.records import SettingsError

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOKEN_URL = "https://login.unimicro.no/connect/token"
CUSTOMER = {
    "ID": 7,
    "BusinessRelationID": 3,
    "InfoID": 3,
    "Info": {"ID": 3, "Name": "Ås Bygg AS", "InvoiceAddressID": 4, "InvoiceAddress": {"ID": 4, "City": "Oslo"}},
}


class TestGraphs:
    """Flat fields and nested entities."""

    def test_a_new_graph_has_an_id_of_its_own_in_every_part(self) -> None:
        made = graphs.made({"OrgNumber": "1", "Info.Name": "A", "Info.InvoiceAddress.City": "B"}, "seed", "k")
        guids = [made["_createguid"], made["Info"]["_createguid"], made["Info"]["InvoiceAddress"]["_createguid"]]
        assert len(set(guids)) == 3
        assert made["Info"]["Name"] == "A"

    def test_every_attempt_sends_the_same_ids_and_every_tenant_others(self) -> None:
        fields = {"Info.Name": "A"}
        assert graphs.made(fields, "one", "k") == graphs.made(fields, "one", "k")
        assert graphs.made(fields, "one", "k") != graphs.made(fields, "two", "k")
        assert graphs.made(fields, "one", "k") != graphs.made(fields, "one", "other")

    def test_a_change_keeps_the_rest_and_names_nested_parts_by_object_alone(self) -> None:
        told = graphs.changed(CUSTOMER, {"Info.InvoiceAddress.City": "Bergen"}, "seed", "k")
        assert told["Info"]["InvoiceAddress"] == {"ID": 4, "City": "Bergen"}
        assert told["Info"]["Name"] == "Ås Bygg AS"
        assert "InfoID" not in told
        assert "InvoiceAddressID" not in told["Info"]
        assert CUSTOMER["Info"]["InvoiceAddress"]["City"] == "Oslo", "what was read stays as it was"  # type: ignore[index]

    def test_a_missing_part_is_new_and_one_that_stays_empty_is_not_made(self) -> None:
        told = graphs.changed(CUSTOMER, {"Info.DefaultEmail.EmailAddress": "a@b.no"}, "seed", "k")
        assert told["Info"]["DefaultEmail"]["_createguid"]
        assert "DefaultPhone" not in graphs.changed(CUSTOMER, {"Info.DefaultPhone.Number": None}, "seed", "k")["Info"]

    @pytest.mark.parametrize(
        ("path", "value"), [("ID", 7), ("Info.Name", "Ås Bygg AS"), ("Info.DefaultEmail.EmailAddress", None)]
    )
    def test_a_dotted_path_reads_what_stands_there(self, path: str, value: Any) -> None:
        assert graphs.value_at(CUSTOMER, path) == value

    def test_lines_keep_their_order(self) -> None:
        items = graphs.items([{"ItemText": "b"}, {"ItemText": "a", "Unit": None}], "seed", "k")
        assert [(each["SortIndex"], each["ItemText"]) for each in items] == [(1, "b"), (2, "a")]
        assert "Unit" not in items[1]


class TestErrorBodies:
    """Three shapes."""

    @pytest.mark.parametrize(
        ("body", "text", "field"),
        [
            ({"Message": "Feil"}, "Feil", None),
            ({"message": "Feil"}, "Feil", None),
            (
                {"Messages": [{"Message": "Obs", "Level": 20}, {"Message": "Nei", "Level": 30, "PropertyName": "X"}]},
                "Nei",
                "X",
            ),
            ({"Info": {"_validationResults": {"Name": [{"Message": "Mangler"}]}}}, "Mangler", "Name"),
            ({}, "", None),
        ],
    )
    def test_the_worst_message_is_told_with_its_field(self, body: Any, text: str, field: str | None) -> None:
        words = words_of(400, json.dumps(body).encode())
        assert (words.text, words.field) == (text, field)

    def test_a_guid_that_was_used_before_is_known_by_its_words(self) -> None:
        body = json.dumps({"Message": "An entity with the same _createguid already exists"}).encode()
        assert words_of(400, body).code == USED_BEFORE

    def test_a_body_that_is_no_json_says_nothing(self) -> None:
        assert words_of(500, b"<html>").text == ""


def pkcs12(password: bytes) -> tuple[str, Any]:
    """A certificate of the kind that Unimicro gives an application, and its public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kobling")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    cert = built.sign(key, hashes.SHA256())
    data = serialize_key_and_certificates(b"kobling", key, cert, None, BestAvailableEncryption(password))
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode(), RSAKey.import_key(pem)


class TestSigningIn:
    """The statement that a certificate signs."""

    def test_it_says_who_asks_of_whom_and_ends_within_minutes(self) -> None:
        held, public = pkcs12(b"hemmelig")
        settings = {"client_id": "app", "certificate": held, "certificate_password": "hemmelig"}
        first, second = (assertion(settings, TOKEN_URL, NOW) for _ in range(2))
        told = jwt.decode(first, public).claims
        assert (told["iss"], told["sub"], told["aud"]) == ("app", "app", TOKEN_URL)
        assert 0 < told["exp"] - told["iat"] <= 300
        assert told["jti"] != jwt.decode(second, public).claims["jti"], "each is good once"

    @pytest.mark.parametrize(("password", "certificate"), [("wrong", None), ("hemmelig", "bm90aGluZw=="), ("x", "%")])
    def test_a_certificate_that_does_not_open_is_named(self, password: str, certificate: str | None) -> None:
        held = certificate or pkcs12(b"hemmelig")[0]
        settings = {"client_id": "app", "certificate": held, "certificate_password": password}
        with pytest.raises(SettingsError) as caught:
            assertion(settings, TOKEN_URL, NOW)
        assert caught.value.field == "certificate"

    def test_a_token_tells_which_address_it_is_for(self) -> None:
        body = base64.urlsafe_b64encode(b'{"AppFramework":"https://app.unimicro.no/"}').rstrip(b"=").decode()
        assert claims_of(f"x.{body}.y")["AppFramework"] == "https://app.unimicro.no/"
        assert claims_of("opaque") == {}


async def test_a_company_without_a_key_is_not_one_to_be_called_by(serve, make_api) -> None:  # type: ignore[no-untyped-def]
    async def vendor(_request: web.Request) -> web.Response:
        told: list[Any] = [None, {"Name": "Nøgleløs AS"}, {"Key": "k1", "Name": "A"}, {"CompanyKey": "k2"}]
        return web.json_response(told)

    service = Service(make_api(await serve(vendor)), "", "seed")
    assert await service.companies() == {"k1": "A", "k2": "k2"}
