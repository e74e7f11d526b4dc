"""Translations: gathers every text for people from the code, and holds the catalogues against it.

``python tools/translations.py update`` adds new texts to the catalogues; ``compile`` writes the .mo files;
``fill FILE`` takes translations from a JSON file (``{text: {da, sv, nb}}``; a sentence that counts stands there as
it reads of many, with ``[one, many]`` in each language) and compiles.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "kobling" / "locale"
LANGUAGES = ("da", "sv", "nb")
BEGAN = datetime(2026, 11, 23, tzinfo=UTC)
"""The date in every catalogue's head: a real one would change files without changing a text."""
MARKERS = {"N_", "translated", "say", "_", "gettext", "gettext_lazy"}
COUNTED = "NP_"
"""Marks a sentence that counts: how it reads of one, and of several."""
Text = str | tuple[str, str]
PLACES = re.compile(r"%\((\w+)\)s|%%")


def texts() -> dict[Text, str]:
    """Every marked text with the first place it stands in."""
    found: dict[Text, str] = {}
    for path in sorted((ROOT / "kobling").rglob("*.py")):
        for text in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(text, str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "kobling").rglob("*.html")):
        for text in _in_template(path.read_text(encoding="utf-8")):
            found.setdefault(text, str(path.relative_to(ROOT)))
    return found


def _in_template(source: str) -> Iterator[Text]:
    """Texts of a Django template, which Django's own tool turns into something like Python."""
    spelled = io.BytesIO(templatize(source).encode())
    for _, text, _, _ in extract("python", spelled, keywords=DEFAULT_KEYWORDS):
        yield (text[0], text[1]) if isinstance(text, tuple) else text


def _marked(tree: ast.Module) -> Iterator[Text]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == COUNTED:
            one, many = (each.value for each in node.args if isinstance(each, ast.Constant))
            yield (one, many)
        if isinstance(node, ast.Call) and _name(node.func) in MARKERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value:
                yield first.value
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Tuple):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id == "names" for each in targets):
                yield from _strings(node.value)
        if isinstance(node, ast.GeneratorExp) and _name(getattr(node.elt, "func", None)) == "translated":
            yield from _strings(node.generators[0].iter)


def _strings(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Tuple):
        yield from (each.value for each in node.elts if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _name(function: ast.expr | None) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _catalogue(language: str) -> Catalog:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def problems() -> Iterator[str]:
    """Texts that a language lacks, translations that lost a place, and .mo files that are not the .po's."""
    wanted = texts()
    for language in LANGUAGES:
        catalogue = _catalogue(language)
        have = {_key(message.id): _forms(message.string) for message in catalogue if message.id}
        for text, place in wanted.items():
            if not all(have.get(text, ("",))):
                yield f"{language}: not translated ({place}): {text}"
            elif [_places(each) for each in _forms(text)] != [_places(each) for each in have[text]]:
                yield f"{language}: other %(places)s than the English: {have[text]}"
        for text in have.keys() - wanted.keys():
            yield f"{language}: no longer used: {text}"
        compiled = LOCALE / language / "LC_MESSAGES" / "django.mo"
        if not compiled.exists() or compiled.read_bytes() != _compiled(catalogue):
            yield f"{language}: not compiled; run 'make docs'"


def _key(found: object) -> Text:
    return (str(found[0]), str(found[1])) if isinstance(found, list | tuple) else str(found)


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def _places(text: str) -> list[str]:
    return sorted(PLACES.findall(text))


def update() -> None:
    """Add texts that are new, drop those no longer used."""
    wanted = texts()
    for language in LANGUAGES:
        old = _catalogue(language)
        new = Catalog(language, project="Kobling", fuzzy=False, creation_date=BEGAN, revision_date=BEGAN)
        for text in sorted(wanted, key=_forms):
            known = old.get(text)
            empty: str | tuple[str, str] = ("", "") if isinstance(text, tuple) else ""
            new.add(text, known.string if known and _key(known.id) == text else empty)
        path = LOCALE / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, width=0, omit_header=False, ignore_obsolete=True)


def fill(path: Path) -> None:
    """Take the translations in a JSON file into the catalogues; a text the code does not have is an error."""
    told = json.loads(path.read_text(encoding="utf-8"))
    counted = {many: (one, many) for one, many in (each for each in texts() if isinstance(each, tuple))}
    given: dict[Text, dict[str, str | list[str]]] = {counted.get(text, text): each for text, each in told.items()}
    if unknown := given.keys() - texts().keys():
        raise SystemExit(f"No such text in the code: {sorted(unknown)}")
    for language in LANGUAGES:
        catalogue = _catalogue(language)
        for text, by_language in given.items():
            catalogue.get(text).string = by_language[language]
        with (LOCALE / language / "LC_MESSAGES" / "django.po").open("wb") as file:
            write_po(file, catalogue, width=0, omit_header=False, ignore_obsolete=True)
    compile_all()


def compile_all() -> None:
    """Write the .mo files."""
    for language in LANGUAGES:
        (LOCALE / language / "LC_MESSAGES" / "django.mo").write_bytes(_compiled(_catalogue(language)))


def _compiled(catalogue: Catalog) -> bytes:
    written = io.BytesIO()
    write_mo(written, catalogue)
    return written.getvalue()


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        update()
        fill(Path(sys.argv[2]))
    else:
        {"update": update, "compile": compile_all}[sys.argv[1]]()
