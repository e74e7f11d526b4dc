"""What a plan would do, for people: counts, kroner per account, fields before → after."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.models import PlanChunk, Run
from kobling.hub.planning.forecast import Forecast, forecast
from kobling.hub.planning.worth import worth_of_line
from kobling.records import exact
from kobling.sync.actions import Agree, AnyAction, Create, Point, from_blob


@dataclass(slots=True)
class Summary:
    """A plan counted: per table and kind of action, amounts excluding VAT per VAT rate (or code) and currency, amounts
    to be booked per account, first examples.
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    amounts: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    accounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    examples: list[tuple[str, AnyAction]] = field(default_factory=list)
    more: int = 0

    @property
    def empty(self) -> bool:
        """Whether the plan does nothing and asks nothing."""
        return not any(self.counts.values())


def summarise(actor: Actor, run: Run, most_examples: int = 50) -> Summary:
    """Count a stored plan. Memory stays flat: chunks are read one at a time."""
    require(actor, Doing.SEE, run.pair.client)
    summary = Summary()
    for table, action in actions_of(run):
        if isinstance(action, Agree | Point):
            continue
        kind = action.__struct_config__.tag
        summary.counts.setdefault(table, Counter())[f"{kind}_{_side(action)}" if _side(action) else str(kind)] += 1
        _add_amounts(action, summary)
        if len(summary.examples) < most_examples:
            summary.examples.append((table, action))
        else:
            summary.more += 1
    return summary


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many records of a table's side no filter takes, for one reason: a field of theirs."""

    table: str
    side: str
    reason: str
    number: int


def left_out(actor: Actor, run: Run, opener: Opener) -> list[LeftOut]:
    """What a dry run that ended leaves out, by its reasons. Empty of any other run."""
    require(actor, Doing.SEE, run.pair.client)
    if run.kind != "plan" or run.state not in (runs.DONE, runs.PARTLY):
        return []
    return left_out_of(forecast(run, opener.benches(run.pair)))


def left_out_of(expected: Mapping[str, Forecast]) -> list[LeftOut]:
    """The same, of what was foretold."""
    return [
        LeftOut(table, side, reason, number)
        for table, each in expected.items()
        for side, reasons in sorted(each.left_out.items())
        for reason, number in sorted(reasons.items())
    ]


def actions_of(run: Run) -> Iterator[tuple[str, AnyAction]]:
    """All actions of a stored plan with their table's name, in order."""
    for chunk in PlanChunk.objects.filter(run=run).select_related("table").order_by("id").iterator(chunk_size=20):
        for action in from_blob(chunk.actions.encode()):
            yield chunk.table.name, action


def _side(action: AnyAction) -> str:
    side = getattr(action, "side", None)
    return side.value if side is not None else ""


def _add_amounts(action: AnyAction, summary: Summary) -> None:
    if not isinstance(action, Create) or not isinstance(action.values.get("lines"), list):
        return
    currency = str(action.values.get("currency") or "")
    for line in action.values["lines"]:
        if "amount" in line:
            amount = exact(line["amount"])
            summary.accounts[str(line.get("account"))] += amount
            summary.accounts[str(line.get("contra"))] -= amount
            continue
        vat, own = str(line.get("vatCode") or f"{line.get('vat', 0)} %"), str(line.get("currency") or currency)
        summary.amounts[(vat, own)] += worth_of_line(line, own)


def change_lines(action: AnyAction) -> list[tuple[str, Any, Any]]:
    """Fields before → after of a create or update; empty for other actions."""
    if isinstance(action, Create):
        return [(key, None, value) for key, value in action.values.items() if value is not None]
    changes = getattr(action, "changes", {})
    return [(key, before, after) for key, (before, after) in changes.items()]
