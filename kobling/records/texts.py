"""How texts are spelled once: letters composed, blanks plain; and keys without anything that cannot be seen."""

from __future__ import annotations

import re
import unicodedata

_FOLDED = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "é": "e", "&": " og "})
_NOT_WORD = re.compile(r"[^\w]+")
_ODD_BLANKS = re.compile(r"[^\S\n\t ]")
_BLANKS = re.compile(r"\s+")


def tidy(text: str) -> str:
    """A text with composed letters (NFC), plain blanks and ``\\n`` between lines, trimmed. What is seen stays."""
    text = text.replace("\r\n", "\n")
    if not text.isascii():
        text = _ODD_BLANKS.sub(" ", unicodedata.normalize("NFC", text))
    return text.strip()


def as_key(text: str) -> str:
    """A number or name by which things are known: tidy, without characters that cannot be seen, single blanks."""
    if not text.isascii():
        text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return _BLANKS.sub(" ", tidy(text))


def loosely(text: str) -> str:
    """Without punctuation, and with one spelling of Nordic letters."""
    return _NOT_WORD.sub(" ", text.translate(_FOLDED)).strip()


def folded(text: str) -> str:
    """A name as it is compared: no case, no punctuation, one spelling of Nordic letters."""
    return loosely(as_key(text).casefold())
