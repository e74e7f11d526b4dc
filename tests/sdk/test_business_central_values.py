"""Addresses and values of Business Central, without any server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobling.connectors.business_central import values
from kobling.connectors.business_central.hosting import place_of, read_address
from kobling.records import SettingsError

TENANT = "0f5c7c1e-9a4e-4f46-8a1b-0c0d0e0f1011"


@pytest.mark.parametrize(
    ("address", "root"),
    [
        (f"https://businesscentral.dynamics.com/{TENANT}/Production", f"/v2.0/{TENANT}/Production"),
        ("businesscentral.dynamics.com/firma.dk/Test?company=CRONUS", "/v2.0/firma.dk/Test"),
        ("https://businesscentral.dynamics.com/", "/v2.0/Production"),
        ("https://regnskab.bc.dynamics.com/Production", "/v2.0/Production"),
    ],
)
def test_an_address_of_microsoft_is_read(address: str, root: str) -> None:
    assert read_address(address).root == root


def test_an_embedded_app_has_an_api_of_its_own() -> None:
    assert read_address("https://regnskab.bc.dynamics.com/Production").api == "https://regnskab.api.bc.dynamics.com"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://firma.operations.dynamics.com/?cmp=dk01", "finance_and_operations"),
        ("https://firma.operations.eu.dynamics.com/", "finance_and_operations"),
        ("https://firma.cloudax.dynamics.com", "finance_and_operations"),
        ("https://firma.crm4.dynamics.com/main.aspx", "sales"),
        ("https://bc.partner.dk:7048/BC", "not_hosted_by_microsoft"),
        ("https://businesscentral.dynamics.com.evil.example/x", "not_hosted_by_microsoft"),
        ("192.168.1.5/BC220", "not_hosted_by_microsoft"),
    ],
)
def test_other_hosts_are_refused_with_their_own_reason(address: str, code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_address(address)
    assert raised.value.code == code


def test_settings_go_before_the_address() -> None:
    given_settings = {"address": f"https://businesscentral.dynamics.com/{TENANT}/Production", "environment": "Sandbox"}
    assert place_of(given_settings).root == f"/v2.0/{TENANT}/Sandbox"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1))
def test_enum_members_survive_there_and_back(text: str) -> None:
    assert values.decoded(values.encoded(text)) == text.strip()


def test_enum_members_are_those_of_the_documents() -> None:
    assert values.encoded("G/L Account") == "G_x002F_L_x0020_Account"
    assert values.encoded("") == "_x0020_"
    assert values.decoded("Non_x002D_Inventory") == "Non-Inventory"


def test_empty_values_are_none_and_go_back_as_the_field_wants_them() -> None:
    read = values.read(
        {"currencyId": "00000000-0000-0000-0000-000000000000", "orderDate": "0001-01-01", "blocked": "_x0020_"}
    )
    assert read == {"currencyId": None, "orderDate": None, "blocked": ""}
    assert values.written("orderDate", None) == "0001-01-01"
    assert values.written("unitPrice", None) == 0
    assert values.written("city", None) == ""


def test_a_name_that_looks_like_an_escape_is_left_alone() -> None:
    assert values.read({"displayName": "A_x0020_B"})["displayName"] == "A_x0020_B"
