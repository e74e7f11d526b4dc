"""Check digits of company numbers and payment references: a doubt where they fail, silence where none is due."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from kobling.mapping import Side, TableMapping
from kobling.mapping.identity import (
    Checked,
    cvr_number,
    organisation_number_no,
    organisation_number_se,
    payment_reference_no,
    payment_reference_se,
    vat_number,
)
from kobling.pairs.recman_unimicro import billing
from kobling.sync.doubts import doubts
from kobling.sync.states import Loner, Pairing, Seen
from tests.engine.bench import CUSTOMERS

FITS, DOUBTFUL, NOT_CHECKED = Checked.FITS, Checked.DOUBTFUL, Checked.NOT_CHECKED


@pytest.mark.parametrize(
    ("check", "value", "wanted"),
    [
        (cvr_number, "25313763", FITS),
        (cvr_number, "25 31 37 63", FITS),
        (cvr_number, "25313764", DOUBTFUL),
        (cvr_number, "02531376", DOUBTFUL),
        (cvr_number, "253137630", DOUBTFUL),
        (cvr_number, "DE136695976", FITS),
        (cvr_number, "DE136695977", DOUBTFUL),
        (cvr_number, "ukendt", NOT_CHECKED),
        (cvr_number, "", NOT_CHECKED),
        (cvr_number, None, NOT_CHECKED),
        (organisation_number_no, "974760673", FITS),
        (organisation_number_no, "974 760 673", FITS),
        (organisation_number_no, "974760674", DOUBTFUL),
        (organisation_number_no, "NO 974 760 673 MVA", FITS),
        (organisation_number_no, "NO 974 760 674 MVA", DOUBTFUL),
        (organisation_number_se, "556703-7485", FITS),
        (organisation_number_se, "556703-7486", DOUBTFUL),
        (organisation_number_se, "SE556703748501", FITS),
        (vat_number, "EL094259216", FITS),
        (vat_number, "DK25313764", DOUBTFUL),
        (vat_number, "CHE-116.281.710", NOT_CHECKED),
        (vat_number, "Estland AS", NOT_CHECKED),
        (payment_reference_no, "1234567897", FITS),
        (payment_reference_no, "12345678910", DOUBTFUL),
        (payment_reference_no, "1-", DOUBTFUL),
        (payment_reference_no, "12a4", DOUBTFUL),
        (payment_reference_no, "7", DOUBTFUL),
        (payment_reference_no, "0" * 26, DOUBTFUL),
        (payment_reference_no, "", NOT_CHECKED),
        (payment_reference_se, "1234567897", FITS),
        (payment_reference_se, "1234567898", DOUBTFUL),
        (billing.check_note, "10017 KID 1234567897", FITS),
        (billing.check_note, "10017 KID 12345678910", DOUBTFUL),
        (billing.check_note, "10017", NOT_CHECKED),
    ],
)
def test_a_number(check: object, value: object, wanted: Checked) -> None:
    assert check(value) is wanted  # type: ignore[operator]


@given(st.text(alphabet="0123456789", min_size=1, max_size=23))
def test_a_reference_made_by_either_rule_fits_and_one_wrong_digit_is_noticed(body: str) -> None:
    by_ten = body + luhn.calc_check_digit(body)
    assert payment_reference_no(by_ten) is payment_reference_se(by_ten) is FITS
    candidates = [f"{body}{last}" for last in "0123456789-"]
    fitting = [each for each in candidates if payment_reference_no(each) is FITS]
    assert 1 <= len(fitting) <= 2, "one last digit for each of the two rules"
    assert by_ten in fitting


@pytest.mark.parametrize("body", ["1234", "98765", "2", "40"])
def test_modulus_11_by_hand(body: str) -> None:
    weights = [2, 3, 4, 5, 6, 7]
    total = sum(int(digit) * weights[at % 6] for at, digit in enumerate(reversed(body)))
    fitting = {last for last in "0123456789-" if payment_reference_no(body + last) is FITS}
    rest = next(each for each in range(11) if (total + each) % 11 == 0)
    assert ("-" if rest == 10 else str(rest)) in fitting


def mapping() -> TableMapping:
    fields = tuple(replace(each, check=cvr_number) if each.key == "cvr" else each for each in CUSTOMERS.fields)
    return replace(CUSTOMERS, fields=fields)


def seen(number: str | None, name: str = "Alfa", scope: bool = True) -> Seen:
    return Seen("7", {"name": name, "cvr": number}, in_scope=scope)


def pairing(left: str, right: str, base: str = "25313763") -> Pairing:
    return Pairing("c", "7", "8", {"cvr": base}, {"cvr": base}, seen(left), seen(right))


@pytest.mark.parametrize(
    ("work", "wanted"),
    [
        (Loner(Side.LEFT, seen("25313764")), [("7", None, "25313764")]),
        (Loner(Side.RIGHT, seen("25313764")), [(None, "7", "25313764")]),
        (Loner(Side.LEFT, seen("25313763")), []),
        (Loner(Side.LEFT, seen(None)), []),
        (Loner(Side.LEFT, seen("25313764", scope=False)), []),
        (Loner(Side.LEFT, seen("25313764"), decision="ignore"), []),
        (pairing("25313763", "25313764"), [("7", "8", "25313764")]),
        (pairing("25313764", "25313764"), [("7", "8", "25313764")]),
        (pairing("25313763", "25313763"), []),
        (pairing("25313764", "25313764", "25313764"), [("7", "8", "25313764")]),
        (pairing("25313763", "25313764", "25313764"), []),
        (pairing("25313764", "25313763", "25313763"), [("7", "8", "25313764")]),
    ],
)
def test_one_warning_for_a_record_whose_number_is_in_doubt(
    work: Loner | Pairing, wanted: list[tuple[str | None, str | None, str]]
) -> None:
    told = [(each.left_id, each.right_id, each.params["number"]) for each in doubts(mapping(), [work])]
    assert told == wanted


def test_a_mapping_without_checks_warns_of_nothing() -> None:
    assert list(doubts(CUSTOMERS, [Loner(Side.LEFT, seen("25313764"))])) == []
