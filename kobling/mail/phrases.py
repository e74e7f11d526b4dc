"""Numbers of what is outstanding, as parts of a sentence in the language that is active."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from kobling.access import spoken
from kobling.hub.told.said import filled
from kobling.mail.kinds import Kind, Totals, in_order
from kobling.records import N_, NP_

_COUNTED: Mapping[Kind, str] = {
    Kind.RECEIPTS: NP_("%(shown)s missing receipt", "%(shown)s missing receipts"),
    Kind.READY: NP_("%(shown)s expense ready for export", "%(shown)s expenses ready for export"),
    Kind.ISSUES: NP_("%(shown)s open issue", "%(shown)s open issues"),
    Kind.WALLET: NP_("%(shown)s low balance in the wallet", "%(shown)s low balances in wallets"),
}
WITH_SUM = N_("%(what)s for %(sum)s")
SUM_BESIDE = N_("%(what)s (%(sum)s)")


def counted(sentence: str, number: int, language: str, **more: str) -> str:
    """A sentence for one or many, with the number as the language writes it in its place ``shown``."""
    return filled(sentence, {"number": number, "shown": spoken.number(number, language), **more})


def outstanding(totals: Totals, kinds: Collection[Kind], language: str, with_sum: str = WITH_SUM) -> list[str]:
    """Each kind of which there is something: ``5 missing receipts``, ``12 expenses ready for export for 18,420.50``."""
    told = []
    for kind in in_order(kinds):
        number = totals.number(kind)
        if not number:
            continue
        what = counted(_COUNTED[kind], number, language)
        if kind is Kind.READY and totals.sums:
            what = filled(with_sum, {"what": what, "sum": sums(totals.sums, language)})
        told.append(what)
    return told


def sums(each: Sequence[tuple[str, Decimal]], language: str) -> str:
    """Money in one currency or several."""
    return listed([spoken.amount(number, language, currency) for currency, number in each])


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return filled(N_("%(before)s and %(last)s"), {"before": ", ".join(parts[:-1]), "last": parts[-1]})
