"""Translations: complete, compiled as written, nothing lost of what must stay, and in the words of the trade."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import gettext, override

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "kobling" / "locale"
LANGUAGES = ("da", "sv", "nb")
QUOTES = {"da": "“”", "sv": "””", "nb": "«»"}
PLACES = re.compile(r"%\(\w+\)s")
UNTRANSLATED = re.compile(
    r"kobling [a-z]+|--[a-z]+|[A-Z]+_[A-Z_]+|https?://[\w.-]*|chmod 600|Ctrl-C"
    r"|Simply CRM|Dinero|Visma Connect|Europe/Copenhagen|\b(?:crm|drafts|when_approved|ask|first|newest):"
)

# The terms this project agreed on, as (English, Danish, Swedish, Norwegian); matched anywhere in a word, any case.
TERMS = (
    (r"\bcoupled?\b", "sammenkæd", "koppl", "kobl"),
    (r"\buncoupled?\b", "sammenkædning", "koppling", "kobling"),
    (r"\bconnections?\b", "forbindelse", "anslutning", "tilkobling"),
    (r"\b(?:[Aa]|[Tt]he|[Nn]ext|[Ll]ast|[Nn]o) runs?\b", "kørs", "körning", "kjøring"),
    (r"\bRetry\b", "Prøv igen", "Försök igen", "Prøv på nytt"),
    (r"\bconflict\b", "konflikt", "konflikt", "konflikt"),
    (r"\bschedule\b", "tidsplan", "schema", "tidsplan"),
    (r"\bVAT\b(?! number)", "moms", "moms", "mva"),
    (r"\bdrafts: a person", "kladder", "utkast", "utkast"),
    (r"\bvoucher\b", "bilag", "verifikation", "bilag"),
    (r"\bcredit note", "kreditnota", "kreditnot", "kreditnota"),
    (r"\bclients?\b(?! id| secret)", "kunde", "klient", "klient"),
    (r"\bDue date\b", "forfaldsdato", "förfallodatum", "forfallsdato"),
    (r"\baccounting year\b", "regnskabsår", "räkenskapsår", "regnskapsår"),
    (r"\b(?:booked|posted)\b", "bogfør", "bokför", "bokfør"),
)


def forms(message: Any) -> Iterator[tuple[str, str]]:
    """A sentence that counts is two: of one, and of many."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        yield from zip(message.id, map(str, message.string), strict=True)


def catalogue(language: str) -> dict[str, str]:
    """English → translation."""
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {one: said for each in read_po(file, locale=language) if each.id for one, said in forms(each)}


@pytest.fixture(scope="module")
def checker() -> Any:
    """tools/translations.py, which is no package."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield __import__("translations")
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_every_language_is_complete(checker: Any) -> None:
    assert list(checker.problems()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = {one: said for each in read_mo(file) if each.id for one, said in forms(each)}
    assert compiled == catalogue(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_commands_and_names_stay(language: str) -> None:
    for english, text in catalogue(language).items():
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(text)), text
        for name in UNTRANSLATED.findall(english):
            assert name in text, f"{name!r} is missing in {text!r}"
        margins = [(each[: len(each) - len(each.lstrip())], each[len(each.rstrip()) :]) for each in (english, text)]
        assert margins[0] == margins[1], text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_can_be_filled_in(language: str) -> None:
    for english, text in catalogue(language).items():
        names = set(re.findall(r"%\((\w+)\)s", english))
        if names:
            assert "%(" not in text % dict.fromkeys(names, "x")


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotes_and_tone_are_those_of_the_language(language: str) -> None:
    allowed = set(QUOTES[language])
    for english, text in catalogue(language).items():
        assert set(re.findall("[“”„«»]", text)) <= allowed, text
        if "“" in english:
            assert sum(text.count(each) for each in allowed) == english.count("“") + english.count("”"), text
        assert "!" not in text
        assert text.strip()[-1:] == english.strip()[-1:] or english.strip()[-1:] not in ".:?", text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("term", TERMS, ids=[each[0] for each in TERMS])
def test_the_agreed_words_are_used(term: tuple[str, str, str, str], language: str) -> None:
    wanted = term[1 + LANGUAGES.index(language)].lower()
    found = [
        (english, text) for english, text in catalogue(language).items() if re.search(term[0], PLACES.sub("", english))
    ]
    assert found, "no text has this word any more: drop the term"
    for english, text in found:
        assert wanted in text.lower(), f"{wanted!r} is missing in {text!r} ({english!r})"


def test_norwegian_says_mva_and_nobody_says_dunning() -> None:
    assert not [text for text in catalogue("nb").values() if "moms" in text.lower()]
    for language, word in (("da", "rykker"), ("sv", "betalningspåminnelse"), ("nb", "purring")):
        assert not [text for text in catalogue(language).values() if re.search(rf"\b{word}", text.lower())]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Both sides changed the same field."),
        ("da", "Begge sider har ændret det samme felt."),
        ("sv", "Båda sidorna har ändrat samma fält."),
        ("nb", "Begge sider har endret det samme feltet."),
    ],
)
def test_a_person_reads_it_in_their_language(language: str, sentence: str) -> None:
    with override(language):
        assert gettext("Both sides changed the same field.") == sentence


def test_only_the_command_line_speaks_of_commands(checker: Any) -> None:
    """Sentences of the services are shown on pages and in mails too."""
    spoken = [
        f"{place}: {text}"
        for each, place in checker.texts().items()
        for text in ((each,) if isinstance(each, str) else each)
        if not place.startswith("kobling/cli/") and re.search(r"\bkobling [a-z]|(?<!\w)--[a-z]", text)
    ]
    assert spoken == []
