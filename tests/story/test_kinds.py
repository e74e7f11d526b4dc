"""Which kind of fault is tried on which pair: one table, whose every cell names tests that exist, or says why not.

The kinds are those of public bug reports and of a real server. A pair that cannot have a kind says so.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from kobling.pairs.registry import pairs

TESTS = Path(__file__).resolve().parent.parent
CRM, SALES, PLEO, RECMAN, CENTRAL = (
    "simply-crm-dinero",
    "dynamics-sales-business-central",
    "pleo-business-central",
    "recman-unimicro",
    "simply-crm-business-central",
)
NO_DOCUMENTS = "no: the pair has no documents"
_TYPED = "planner/test_evidence.py::test_no_pair_calls_a_typed_key_a_proof"
_SCOPE = "planner/test_scope.py::test_it_is_asked_about_and_nothing_is_written"
_TEXTS = "unit/test_texts.py::test_records_find_each_other_however_their_keys_are_spelled"
_EMPTY = "unit/test_texts.py::test_an_empty_country_of_any_pair_says_nothing"
_VTIGER = "contract/test_simply_crm_invoices.py::test_a_lost_answer_is_found_with_all_its_lines"
KINDS: Mapping[str, Mapping[str, str]] = {
    "identity by evidence": {
        CRM: "story/test_books.py::test_another_programs_draft_of_the_same_number_is_left_alone",
        SALES: "story/test_books.py::test_an_order_and_an_account_of_an_equal_number_are_asked_about",
        PLEO: _TYPED,
        RECMAN: "story/test_books.py::test_a_number_that_was_sent_is_not_sent_again",
        CENTRAL: _TYPED,
    },
    "memory is not the other system": {
        CRM: "no: drafts and booked invoices are one resource, read whole",
        SALES: "story/test_books.py::test_what_was_invoiced_there_before_is_not_made_again",
        PLEO: "story/test_books.py::test_a_draft_that_was_thrown_away_is_no_success",
        RECMAN: "no: drafts and issued invoices are one resource, read whole",
        CENTRAL: NO_DOCUMENTS,
    },
    "empty is a decision": {
        CRM: _EMPTY,
        SALES: "story/test_books.py::test_an_order_in_the_own_currency_stays_in_it",
        PLEO: "no: journal lines have no currency; a wallet in another one is held",
        RECMAN: "no: the currency is always sent",
        CENTRAL: _EMPTY,
    },
    "documents are arithmetic": {
        CRM: "unit/test_invoice_lines.py::test_prices_that_are_shown_with_vat_are_read_by_what_they_come_to",
        SALES: "story/test_books.py::test_per_cent_of_an_order_and_prices_with_vat_arrive_exactly",
        PLEO: "unit/test_expense_booking.py::test_amounts_are_agreed_on_to_the_oere",
        RECMAN: "unit/test_staffing.py::test_lines_survive_the_way_there_and_back",
        CENTRAL: NO_DOCUMENTS,
    },
    "signs and kinds": {
        CRM: "story/test_books.py::test_what_was_credited_is_not_paid_and_goes_over_as_a_credit",
        SALES: "no: credit memos are not in the pair",
        PLEO: "story/test_expense_ledger.py::test_the_ledger_is_right_to_the_oere_after_a_lost_answer",
        RECMAN: "unit/test_staffing.py::test_a_credit_note_comes_to_less_than_nothing_whichever_sign_recman_gives_it",
        CENTRAL: NO_DOCUMENTS,
    },
    "leaving the scope": {
        CRM: "story/test_books.py::test_what_is_cancelled_after_it_went_is_a_question",
        SALES: "story/test_books.py::test_contacts_of_prospects_are_out_of_scope",
        PLEO: _SCOPE,
        RECMAN: _SCOPE,
        CENTRAL: _SCOPE,
    },
    "one field holds back one field": {
        CRM: "story/test_books.py::test_a_country_that_is_none_leaves_its_customer_alone",
        SALES: "story/test_books.py::test_a_town_that_is_too_long_leaves_its_customer_alone",
        PLEO: "no: what is not code or amount there is a supplier's country, told as in the other pairs",
        RECMAN: "story/test_books.py::test_credit_days_in_words_leave_their_customer_alone",
        CENTRAL: "engine/test_lacking.py::test_a_value_that_fits_no_rule_is_left_behind_and_told",
    },
    "texts and numbers at the edge": dict.fromkeys((CRM, SALES, PLEO, RECMAN, CENTRAL), _TEXTS),
    "vTiger as it is": {
        CRM: _VTIGER,
        SALES: "no: another system",
        PLEO: "no: another system",
        RECMAN: "no: another system",
        CENTRAL: "contract/test_simply_crm_invoices.py::test_a_change_of_a_product_keeps_its_taxes",
    },
}


@cache
def _tests_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_")
    )


def test_every_kind_speaks_of_every_pair() -> None:
    known = {name for name in pairs().found if not name.startswith("tiny")}
    assert known, "pairs are found"
    for kind, cells in KINDS.items():
        assert set(cells) == known, kind


@pytest.mark.parametrize(
    ("kind", "pair", "cell"), [(kind, pair, cell) for kind, cells in KINDS.items() for pair, cell in cells.items()]
)
def test_a_cell_names_a_test_that_exists_or_says_why_there_is_none(kind: str, pair: str, cell: str) -> None:
    if cell.startswith("no: "):
        assert len(cell) > 10
        return
    file, _, name = cell.partition("::")
    assert name in _tests_of(TESTS / file), f"{kind}, {pair}: {cell}"
