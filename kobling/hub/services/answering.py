"""What a person answers to an issue is carried out here, once it is known that the answer fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.access.policy import Actor, Doing, NotFound, require
from kobling.hub.models import Coupling, Decision, SyncIssue
from kobling.hub.planning import gather
from kobling.hub.planning.held import value_of
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.deciding import decide
from kobling.hub.store import couplings, journal, mirror
from kobling.hub.store.couplings import Link
from kobling.mapping import ConflictPolicy, DeletionPolicy, Side
from kobling.records import N_, Refused, SettingsError, from_json
from kobling.sync import answers
from kobling.sync.answers import Answer
from kobling.sync.doubts import DOUBTFUL, UNCARRIED
from kobling.sync.merge import merge
from kobling.sync.scope import LEFT_SCOPE, SCOPE


@dataclass(frozen=True, slots=True)
class About:
    """An issue with the record that it is about: its coupling, or the side where it is alone."""

    issue: SyncIssue
    bench: Workbench
    link: Link | None

    @property
    def side(self) -> Side:
        """The side of a lone record; of two look-alikes the left one."""
        return Side.LEFT if self.issue.left_id else Side.RIGHT

    @property
    def record(self) -> str:
        return str(self.issue.left_id or self.issue.right_id or "")

    @property
    def asks(self) -> Side:
        """The side of the record that goes its own way on “create”: never the one that is left out."""
        return Side(from_json(self.issue.details).get("asks") or self.side)

    def gone(self) -> Side | None:
        """The side where a coupled record vanished, or left the scope."""
        if self.link is None:
            return None
        if self.issue.kind == LEFT_SCOPE:
            return Side.LEFT if from_json(self.issue.details)["fields"][SCOPE][1] else Side.RIGHT
        for side, external_id in ((Side.LEFT, self.link.left_id), (Side.RIGHT, self.link.right_id)):
            row = mirror.by_ids(self.bench.feeds[side], [external_id]).get(external_id)
            if row is not None and row.gone:
                return side
        return None


def about(issue: SyncIssue, bench: Workbench) -> About:
    """Look up what an issue is about, by its coupling or by its records."""
    found = couplings.by_uid(bench.table, [issue.coupling] if issue.coupling else [])
    links: list[Link] = list(found.values())
    for side, external_id in ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id)):
        if not links and external_id:
            links = list(couplings.by_side(bench.table, side, [external_id]).values())
    return About(issue, bench, links[0] if links else None)


def choices(what: About) -> list[Answer]:
    """What a person may answer now. A word that the table permits lets this record go on as it is."""
    known = answers.answers(
        what.issue.kind,
        what.bench.mapping,
        coupled=what.link is not None,
        alone_on=what.asks,
        gone=what.gone(),
    )
    permitted = what.bench.mapping.permits if what.issue.kind == "bad_value" else ()
    let = [Answer(each, N_("This record goes on as the word says; others still wait.")) for each in permitted]
    return [*let, *known]


def carry_out(actor: Actor, what: About, choice: str, now: datetime, *, other: str = "", why: str = "") -> None:
    """Do what a person chose. Raises SettingsError when the choice does not fit the issue as things stand."""
    require(actor, Doing.WORK, what.issue.table.pair.client)
    known = {each.choice: each for each in choices(what)}
    if choice not in known:
        raise SettingsError(
            N_("“%(value)s” does not fit this issue. Choose one of: %(choices)s."),
            value=choice,
            choices=", ".join(known),
            code="misfit",
        )
    if what.issue.kind == "unknown_outcome":
        _close_writes(what, now)
    if choice in what.bench.mapping.permits:
        _permit(actor, what, choice, now, why)
    elif what.link is not None:
        _answer_coupled(actor, what, what.link, choice, now, why)
    elif choice in ("couple", "create", "never", "ignore"):
        _answer_alone(actor, what, choice, now, other, why)
    elif choice == "accept" and what.record:
        _accept_value(actor, what, now, why)


def _answer_coupled(actor: Actor, what: About, link: Link, choice: str, now: datetime, why: str) -> None:
    stored = Coupling.objects.filter(table_id=what.bench.table, uid=link.uid)
    if choice in ("left", "right"):
        stored.update(policy=ConflictPolicy(choice).value)
    elif choice in ("restore", "delete"):
        if choice == "delete":
            _check_may_go(what, link)
        stored.update(policy=DeletionPolicy(choice).value)
    elif choice == "uncouple":
        uncouple(actor, what.bench, [link], now, why)
    elif choice == "accept" and what.issue.kind in (DOUBTFUL, UNCARRIED):
        _accept_value(actor, what, now, why)
    elif choice == "accept" and what.issue.kind != "altered":
        _accept_difference(actor, what, link, now)


def uncouple(actor: Actor, bench: Workbench, links: Sequence[Link], now: datetime, why: str) -> None:
    """Forget links; the records stay as they are, and are left alone."""
    for each in links:
        for side, external_id in ((Side.LEFT, each.left_id), (Side.RIGHT, each.right_id)):
            decide(actor, bench.table, side, external_id, "ignore", now, why=why or "uncoupled")
        couplings.remove(bench.table, [each.uid])


def _check_may_go(what: About, link: Link) -> None:
    for seen in (pairing := gather.pairings_of(what.bench, [link])[0]).left, pairing.right:
        if seen is not None and seen.locked:
            raise SettingsError(N_("The record is posted and cannot be deleted."), code="posted")


def _accept_difference(actor: Actor, what: About, link: Link, now: datetime) -> None:
    """Each side's own value counts as agreed: it is asked again only when one of them moves."""
    shown = from_json(what.issue.details).get("fields") or _differences(what, link)
    for key, (_, left, right) in shown.items():
        link.base_left[key], link.base_right[key] = left, right
    couplings.save(what.bench.table, [link], now, actor.key)


def _differences(what: About, link: Link) -> Mapping[str, Sequence[Any]]:
    """What a refused write would have changed."""
    pairing = gather.pairings_of(what.bench, [link])[0]
    if pairing.left is None or pairing.right is None:
        raise SettingsError(N_("One of the two records is gone: there is nothing to accept."), code="misfit")
    result = merge(what.bench.mapping, pairing)
    to_right = {key: (None, new, old) for key, (old, new) in result.to_right.items()}
    return {**to_right, **{key: (None, old, new) for key, (old, new) in result.to_left.items()}}


def _answer_alone(actor: Actor, what: About, choice: str, now: datetime, other: str, why: str) -> None:
    bench = what.bench
    if choice == "create":
        mine = what.issue.left_id if what.asks is Side.LEFT else what.issue.right_id
        decide(actor, bench.table, what.asks, str(mine), choice, now, why=why)
        return
    side = what.side
    there = what.issue.right_id if side is Side.LEFT else None
    if choice in ("couple", "never"):
        other = other or there or _only_candidate(what.issue)
    if choice == "ignore" and there:
        decide(actor, bench.table, side.other, there, choice, now, why=why)
    if choice == "couple":
        check_known(bench, side.other, other)
        check_free(bench, side.other, other)
    named = other if choice in ("couple", "never") else ""
    decide(actor, bench.table, side, what.record, choice, now, other=named, why=why)


def _permit(actor: Actor, what: About, choice: str, now: datetime, why: str) -> None:
    for side, external_id in ((Side.LEFT, what.issue.left_id), (Side.RIGHT, what.issue.right_id)):
        if external_id:
            _keep(actor, what, side, external_id, choice, "", now, why)


def _accept_value(actor: Actor, what: About, now: datetime, why: str) -> None:
    """What was told is not told again of the same number or value."""
    if what.issue.kind in (DOUBTFUL, UNCARRIED):
        value = value_of(from_json(what.issue.params))
        _keep(actor, what, what.side, what.record, "accept", value, now, why)


def _keep(
    actor: Actor, what: About, side: Side, external_id: str, choice: str, other: str, now: datetime, why: str
) -> None:
    told = {"decided_by": actor.key, "why": why, "decided_at": now}
    Decision.objects.get_or_create(
        table_id=what.bench.table,
        side=side.value,
        external_id=external_id,
        choice=choice,
        other_id=other,
        defaults=told,
    )


def _close_writes(what: About, now: datetime) -> None:
    """A person says what became of writes that nobody could tell of."""
    ids = [each for each in (what.issue.left_id, what.issue.right_id) if each]
    said = Refused(N_("A person said what became of it."), code="said_by_hand")
    journal.close_by_hand(what.bench.table, ids, said, now)


def _only_candidate(issue: SyncIssue) -> str:
    candidates: Sequence[str] = from_json(issue.details).get("candidates", ())
    if len(candidates) != 1 or issue.kind not in answers.DEFAULTS_TO_CANDIDATE:
        raise SettingsError(
            N_("Say with which record: %(candidates)s."), candidates=", ".join(candidates) or "-", code="which_one"
        )
    return candidates[0]


def check_known(bench: Workbench, side: Side, external_id: str) -> None:
    """Raises NotFound for a record that the side does not have."""
    row = mirror.by_ids(bench.feeds[side], [external_id]).get(external_id)
    if row is None or row.gone:
        raise NotFound(
            N_("There is no record “%(record)s” in %(resource)s."),
            record=external_id,
            resource=bench.mapping.resource(side),
        )


def check_free(bench: Workbench, side: Side, external_id: str) -> None:
    """Raises SettingsError for a record that is coupled, in this table or one that shares its records."""
    if couplings.coupled_in([bench.table, *bench.siblings[side]], side, [external_id]):
        raise SettingsError(
            N_("“%(record)s” is coupled already. Uncouple it first."), record=external_id, code="coupled_already"
        )
