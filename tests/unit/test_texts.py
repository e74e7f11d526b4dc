"""Texts and numbers at the edge: what looks the same is the same, on every pair that it can happen in."""

from __future__ import annotations

import unicodedata
from types import SimpleNamespace
from typing import Any

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from kobling.mapping import Codec, Side, TableMapping, people
from kobling.mapping.codecs import KEY, TEXT
from kobling.mapping.identity import Checked, cvr_number
from kobling.mapping.people import (
    CVR,
    LOCATION_NUMBER,
    ORG_NUMBER_NO,
    PERSON_NAME,
    country_key,
    country_name,
    phone_digits,
)
from kobling.records.texts import as_key, tidy
from kobling.sync.matching import match_keys
from tests.unit.test_hostile_values import tables

NAME = "Ågård Træ ApS"
SPELLINGS = {
    "composed": unicodedata.normalize("NFC", NAME),
    "decomposed": unicodedata.normalize("NFD", NAME),
    "a hard blank": NAME.replace(" ", "\u00a0"),
    "a narrow blank": NAME.replace(" ", "\u202f"),
    "blanks around": f"\u2003{NAME}\u00a0",
}
UNSEEN = ("\u200b", "\u200d", "\ufeff", "\u00ad", "\u200e", "\u2060")


def read(codec: Codec, *values: Any) -> Any:
    return codec.read(values, "left", None)


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_text_is_the_same_however_its_letters_and_blanks_are_made(spelling: str) -> None:
    assert read(TEXT, spelling) == NAME


def test_lines_of_a_text_stay_lines_and_what_is_seen_stays() -> None:
    assert tidy("Æ\r\n\tto linjer 👩\u200d🔧 ") == "Æ\n\tto linjer 👩\u200d🔧"


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_cannot_be_seen_is_no_part_of_a_number(unseen: str) -> None:
    assert read(KEY, f"A{unseen}100{unseen}") == "A100"
    assert read(CVR, f"{unseen}DK 1234{unseen}5674") == "12345674"
    assert read(ORG_NUMBER_NO, f"974 760 673{unseen} MVA") == "974760673"
    assert cvr_number(f"12345674{unseen}") is Checked.FITS


@given(st.text(max_size=40))
def test_to_spell_once_more_changes_nothing(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert as_key(as_key(text)) == as_key(text)
    assert as_key(tidy(text)) == as_key(text)


@pytest.mark.parametrize("mapping", [each for each in tables() if each.values[0].match])
@pytest.mark.parametrize("spelling", [*SPELLINGS.values(), *(f"{NAME[:3]}{each}{NAME[3:]}" for each in UNSEEN)])
def test_records_find_each_other_however_their_keys_are_spelled(mapping: TableMapping, spelling: str) -> None:
    """The kind on every table of every pair that has a key."""
    keys = {key for rule in mapping.match for key in rule.keys}
    assert match_keys(mapping, dict.fromkeys(keys, spelling)) == match_keys(mapping, dict.fromkeys(keys, NAME))


@pytest.mark.parametrize("mapping", list(tables()))
def test_phones_of_every_pair_are_compared_without_their_signs_and_carried_as_typed(mapping: TableMapping) -> None:
    typed, spelled = "+45 33 12-34 56", "004533123456"
    for field in (each for each in mapping.fields if "phone" in each.key or each.key == "mobile"):
        for side in Side:
            here = field.end(side)
            assert here is not None and here.codec.read((typed,), side.value, None) == typed
        assert field.same(typed, spelled) and not field.same(typed, f"{spelled}7")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("33 12 34 56", "33123456"),
        ("0045 33 12 34 56", "+4533123456"),
        ("+46 (0)8-123 45 67", "+4681234567"),
        ("(+47) 22.33.44.55", "+4722334455"),
        ("33\u00a012\u200b34 56", "33123456"),
    ],
)
def test_a_phone_is_its_digits(one: str, other: str) -> None:
    assert phone_digits(one) == phone_digits(other) == other


@pytest.mark.parametrize("text", ["33 12 34 56 lok. 12", "33123456/20123456", "+", "33+44", "ring til Bo", "-"])
def test_what_says_more_than_a_number_stays_as_it_is(text: str) -> None:
    assert phone_digits(text) == text


@pytest.mark.parametrize("typed", ["5790001234567", "57 9000 1234567", "5790-0012-34567", "\ufeff5790001234567"])
def test_a_location_number_is_its_digits(typed: str) -> None:
    assert read(LOCATION_NUMBER, typed) == "5790001234567"


def standing(first: str | None, last: str | None) -> Any:
    return SimpleNamespace(current={"firstname": first, "lastname": last}, permitted=frozenset())


@pytest.mark.parametrize(
    ("stands", "name", "split"),
    [
        (("Anne Marie", "Bech Hansen"), "Anne Marie Bech Hansen", ("Anne Marie", "Bech Hansen")),
        (("Ole", "Bech Andersen"), "Ole Henrik Bech Andersen", ("Ole Henrik", "Bech Andersen")),
        (("Ole", "Bech Andersen"), "Ole Bech Nielsen", ("Ole", "Bech Nielsen")),
        (("Anne Marie", "Olsen"), "Anne Marie Juhl Olsen", ("Anne Marie Juhl", "Olsen")),
        ((None, "Madonna"), "Madonna", (None, "Madonna")),
        (("Per", "Å\u030agård"[0:1]), "Per Å", ("Per", "Å")),
        (("Ida", "Berg"), "Eva Dam", ("Eva", "Dam")),
        ((None, None), "Eva Marie Dam", ("Eva Marie", "Dam")),
    ],
)
def test_a_names_split_stays_as_it_stands(
    stands: tuple[str | None, str | None], name: str, split: tuple[str | None, str]
) -> None:
    assert PERSON_NAME.write(name, "left", standing(*stands)) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Anna von der Heide", ("Anna", "von der Heide")),
        ("Ole Bech Andersen", ("Ole", "Bech Andersen")),
        ("Anne Marie Hansen", ("Anne Marie", "Hansen")),
        ("Jens Peter Ole Nielsen", ("Jens Peter Ole", "Nielsen")),
        ("Anne Marie", ("Anne", "Marie")),
        ("Madonna", (None, "Madonna")),
        ("  Ida\u00a0 Berg ", ("Ida", "Berg")),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_name_that_stands_nowhere_yet_is_split_after_its_given_names(
    name: str | None, split: tuple[str | None, str | None]
) -> None:
    assert PERSON_NAME.write(name, "left", None) == split


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Danmark", "DK"),
        ("DANMARK ", "DK"),
        ("Norge", "NO"),
        ("Noreg", None),
        ("Sverige", "SE"),
        ("Schweden", "SE"),
        ("Norway", "NO"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("England", "GB"),
        ("USA", "US"),
        ("Holland", "NL"),
        ("Tyskland", "DE"),
        ("DNK", "DK"),
        ("swe", "SE"),
        ("Fa\u0308ro\u0308arna", None),
        ("Østrig", "AT"),
        ("O\u0308sterreich", "AT"),
    ],
)
def test_a_country_is_known_by_its_names_and_codes(typed: str, code: str | None) -> None:
    found = read(country_name("da"), typed)
    assert found == code if code else found not in (None, "")


def test_an_empty_country_stays_empty() -> None:
    assert read(country_name("da"), "") is None
    assert read(country_key(), None) is None
    assert country_key().write(None, "right", None) == (None,)
    assert country_key().write("SE", "right", None) == ("SE",)


@pytest.mark.parametrize("mapping", list(tables()))
def test_an_empty_country_of_any_pair_says_nothing(mapping: TableMapping) -> None:
    for field in (each for each in mapping.fields if each.key == "country"):
        for side in Side:
            here = field.end(side)
            assert here is not None
            assert here.codec.read(tuple(None for _ in here.paths), side.value, None) is None


def test_names_of_two_fields_stand_in_those_that_the_codec_looks_at() -> None:
    for parameter in tables():
        for field in parameter.values[0].fields:
            for here in (field.left, field.right):
                assert here is None or here.codec is not PERSON_NAME or here.paths == ("firstname", "lastname")


def test_no_spelling_of_a_country_is_one_that_the_library_knows() -> None:
    library = {
        name.casefold().replace(".", "")
        for language in people._LANGUAGES
        for code, name in Locale(language).territories.items()
        if len(code) == 2
    }
    assert people._SPELLED.keys().isdisjoint(library)
