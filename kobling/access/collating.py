"""The order of names in each language, as keys that every database sorts the same way."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

LONGEST = 400
_SPACE, _DIGIT, _LETTER, _LAST, _OTHER = 0x01, 0x10, 0x20, 0x3A, 0xF0
_EVERYWHERE = {"ß": "ss", "þ": "th", "ð": "d", "đ": "d", "ł": "l", "œ": "oe"}
_NORDIC = {
    "danish": ("æø\u00e5", {"ä": "æ", "ö": "ø", "ü": "y"}),
    "swedish": ("\u00e5äö", {"æ": "ä", "ø": "ö", "ü": "y"}),
}
_PLAIN = {"æ": "ae", "ø": "o", "\u00e5": "a"}
_SPELLED = {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "\u00e5": "aa"}
LANGUAGES: Mapping[str, str] = {"da": "danish", "nb": "danish", "sv": "swedish", "en": "english"}


def sort_key(name: str, alphabet: str) -> str:
    """Hexadecimal digits that sort as the name does in an alphabet: danish (also Norwegian), swedish or english.

    In Danish and Norwegian aa is å. Signs that are no letters count for nothing; other scripts come last.
    """
    folded = unicodedata.normalize("NFC", name).casefold()
    last, alike = _NORDIC.get(alphabet, ("", _PLAIN))
    if alphabet == "danish":
        folded = folded.replace("aa", "\u00e5")
    spelled = "".join(_EVERYWHERE.get(each, alike.get(each, each)) for each in folded)
    return "".join(_place(each, last) for each in spelled)[:LONGEST]


def search_key(text: str) -> str:
    """As text is looked for: without case and accents, with one spelling of the Nordic letters."""
    folded = unicodedata.normalize("NFC", text).casefold()
    spelled = "".join(_EVERYWHERE.get(each, _SPELLED.get(each, each)) for each in folded)
    return "".join(each for each in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(each))


def _place(sign: str, last: str) -> str:
    if sign in last:
        return f"{_LAST + last.index(sign):02x}"
    plain = "".join(each for each in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(each))
    return "".join(_rank(each) for each in plain)


def _rank(sign: str) -> str:
    if sign.isspace():
        return f"{_SPACE:02x}"
    if "a" <= sign <= "z":
        return f"{_LETTER + ord(sign) - ord('a'):02x}"
    if "0" <= sign <= "9":
        return f"{_DIGIT + ord(sign) - ord('0'):02x}"
    return f"{_OTHER:02x}{ord(sign):06x}" if sign.isalpha() else ""
