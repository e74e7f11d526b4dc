"""The profiles that come along: Uni Standard, and spreadsheets in Danish, Swedish and Norwegian settings.

A person opens a spreadsheet, so that it is made of cells (numbers of things are texts there and keep their noughts);
as CSV it is for programs. Uni Standard is a text by its vendor's word, and nothing else.

Fidelity: known unimicro §9 – record types 30, 80 and 81, comma separated, the columns of 30
Fidelity: assumed unimicro §9 – the columns of 80 and 81, Windows-1252 with CRLF, no quotes, commas taken out of texts,
    a decimal point and dd.MM.yyyy; make a profile of your own where your Unimicro wants it otherwise
"""

from __future__ import annotations

from collections.abc import Mapping

from kobling.files.profile import CSV, TXT, XLSX, Column, Profile, RecordType
from kobling.records import N_


def _blank(number: int) -> tuple[Column, ...]:
    return (Column(),) * number


_CUSTOMER = RecordType(
    "party",
    (
        Column(fixed="30"),
        Column("party.number", longest=10, required=True),
        Column("party.name", longest=60, required=True, cut=True),
        Column("party.address1", longest=60, cut=True),
        Column("party.address2", longest=60, cut=True),
        Column("party.postal_code", longest=10),
        Column("party.city", longest=40, cut=True),
        *_blank(2),
        Column("party.credit_days", longest=4),
        *_blank(3),
        Column("party.phone", longest=30),
        *_blank(5),
        Column("party.org_number", longest=20),
        Column("party.country_code", longest=3),
        Column("party.country", longest=40, cut=True),
        *_blank(1),
    ),
)
_INVOICE = RecordType(
    "document",
    (
        Column(fixed="80"),
        Column("number", longest=20, required=True),
        Column("party.number", longest=10, required=True),
        Column("day", required=True),
        Column("due"),
        Column("our_reference", longest=40, cut=True),
        Column("your_reference", longest=40, cut=True),
        Column("project", longest=20),
        Column("department", longest=20),
        Column("currency", longest=3),
        Column("kid", longest=25),
    ),
)
_LINE = RecordType(
    "line",
    (
        Column(fixed="81"),
        Column("line.product", longest=40),
        Column("line.text", longest=255, required=True, cut=True),
        Column("line.quantity", required=True),
        Column("line.price", required=True),
        Column("line.discount"),
        Column("line.vat_code", longest=10),
        Column("line.account", longest=10),
        Column("line.project", longest=20),
        Column("line.department", longest=20),
    ),
)
_HEADINGS = {
    "da": (
        *("Type", "Nummer", "Dato", "Forfald", "Kundenummer", "Kunde", "CVR/org.nr.", "Varenummer", "Tekst", "Antal"),
        *(
            "Pris",
            "Rabat %",
            "Moms %",
            "Momskode",
            "Beløb",
            "Valuta",
            "Konto",
            "Modkonto",
            "Projekt",
            "Afdeling",
            "KID",
        ),
    ),
    "sv": (
        *("Typ", "Nummer", "Datum", "Förfallodag", "Kundnummer", "Kund", "Org.nr", "Artikelnummer", "Text", "Antal"),
        *(
            "Pris",
            "Rabatt %",
            "Moms %",
            "Momskod",
            "Belopp",
            "Valuta",
            "Konto",
            "Motkonto",
            "Projekt",
            "Avdelning",
            "OCR",
        ),
    ),
    "nb": (
        *("Type", "Nummer", "Dato", "Forfall", "Kundenummer", "Kunde", "Org.nr.", "Varenummer", "Tekst", "Antall"),
        *(
            "Pris",
            "Rabatt %",
            "Mva %",
            "Mva-kode",
            "Beløp",
            "Valuta",
            "Konto",
            "Motkonto",
            "Prosjekt",
            "Avdeling",
            "KID",
        ),
    ),
}
_SHEET = (
    *("kind", "number", "day", "due", "party.number", "party.name", "party.org_number", "line.product", "line.text"),
    *("line.quantity", "line.price", "line.discount", "line.vat_percent", "line.vat_code", "line.amount", "currency"),
    *("line.account", "line.contra", "project", "department", "kid"),
)
_TITLES = {
    "da": N_("Spreadsheet, Danish settings"),
    "sv": N_("Spreadsheet, Swedish settings"),
    "nb": N_("Spreadsheet, Norwegian settings"),
}
_DAYS = {"da": "%d-%m-%Y", "sv": "%Y-%m-%d", "nb": "%d.%m.%Y"}


def _sheet(language: str) -> Profile:
    columns = tuple(Column(field, heading) for field, heading in zip(_SHEET, _HEADINGS[language], strict=True))
    name = f"spreadsheet-{language}"
    return Profile(
        name, _TITLES[language], (RecordType("line", columns),), day=_DAYS[language], extension=XLSX, forms=(CSV,)
    )


UNI_STANDARD = Profile(
    "recman-uni-assumed",
    N_("Uni Standard (30, 80, 81), as RecMan exports it"),
    (_CUSTOMER, _INVOICE, _LINE),
    separator=",",
    decimal=".",
    day="%d.%m.%Y",
    encoding="cp1252",
    headings=False,
    quotes=False,
    strip=",",
    formulas=False,
    extension=TXT,
    note=N_("The columns of 80 and 81 are assumed. Try one invoice first, and change the profile where it differs."),
)
PROFILES: Mapping[str, Profile] = {
    each.name: each for each in (UNI_STANDARD, *(_sheet(language) for language in ("da", "sv", "nb")))
}
