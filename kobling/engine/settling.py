"""Records what a chunk did: couplings, bases, mirror, issues, and the journal's last word, together or not at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from kobling.engine.raising import lacking, questions
from kobling.hub.connections.describing import label_of
from kobling.hub.models import Decision, Run
from kobling.hub.planning.gather import identity_rules
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import couplings, issues, journal, mirror, pointing, sql
from kobling.hub.store.couplings import Link
from kobling.hub.store.issues import Raised, as_text, cause_of, error_as_data
from kobling.mapping import Side, Unresolved
from kobling.records import N_, KoblingError, NotThere, to_json
from kobling.sdk.outcomes import Confirmed, Declined
from kobling.sdk.protocols import Clock
from kobling.sync.actions import (
    Agree,
    AnyAction,
    Couple,
    Create,
    Delete,
    Point,
    Uncouple,
    Update,
)
from kobling.sync.execute import Prepared, VendorAction, Verdict, judge
from kobling.sync.states import coupling_id


class Settler:
    """Remembers for one chunk. All writes happen under the run's epoch."""

    def __init__(self, bench: Workbench, run: int, epoch: int, chunk: int, who: str, clock: Clock) -> None:
        self.bench = bench
        self.run = run
        self.epoch = epoch
        self.chunk = chunk
        self.who = who
        self.clock = clock
        self.links: dict[str, Link] = {}
        self.has_proofs = any(each.proof for each in bench.mapping.fields)

    def load_links(self, actions: Sequence[VendorAction]) -> None:
        """Load the couplings that these actions will move."""
        wanted = {
            uid for each in actions if (uid := each.restores if isinstance(each, Create) else each.coupling) is not None
        }
        self.links = couplings.by_uid(self.bench.table, sorted(wanted))

    def apply_local(self, actions: Sequence[AnyAction], side: Side, after: int, upto: int) -> None:
        """Apply what needs no vendor: couple, agree, uncouple, questions and waits. Doing it twice changes nothing."""
        now = self.clock.now()
        with sql.together():
            journal.fence(self.run, self.epoch)
            feed = self.bench.feeds[side]
            asked = issues.settle_planned(self.bench.table, side, feed, (after, upto), self._began())
            self._couple([each for each in actions if isinstance(each, Couple)])
            self._agree([each for each in actions if isinstance(each, Agree)])
            self._uncouple([each for each in actions if isinstance(each, Uncouple)])
            issues.open_all(self.bench.table, questions(actions), now)
            # A look-alike that is none any more leaves the other one alone, which has not moved.
            mirror.touch(self.bench.feeds[side.other], issues.unasked(self.bench.table, side.other, asked))
            points = [(each.side, each.external_id, each.awaited) for each in actions if isinstance(each, Point)]
            pointing.replace(self.bench.table, side, (feed, after, upto), points)

    def _began(self) -> datetime:
        return Run.objects.values_list("started_at", flat=True).get(pk=self.run) or self.clock.now()

    def settle(self, settled: Sequence[tuple[Prepared, Confirmed | Declined]]) -> None:
        """Record outcomes that are certain, in one transaction."""
        if not settled:
            return
        judged = [(prepared, self._judge(prepared, outcome)) for prepared, outcome in settled]
        now = self.clock.now()
        with sql.together():
            journal.fence(self.run, self.epoch)
            confirmed = [(each, verdict) for each, verdict in judged if verdict.state == "confirmed"]
            uids = self._remember(confirmed)
            self._mirror(confirmed)
            self._refuse([(each, verdict.error) for each, verdict in judged if verdict.error is not None])
            self._settle_issues(confirmed)
            journal.close_intents(
                self.chunk,
                [
                    (
                        each.position,
                        verdict.state,
                        verdict.external_id,
                        uids.get(each.position),
                        None if verdict.error is None else to_json(error_as_data(verdict.error)).decode(),
                    )
                    for each, verdict in judged
                ],
                now,
            )
        self.bench.resolver.forget()

    def unknown(self, prepared: Prepared, unsure: KoblingError) -> None:
        """Nobody can say what became of a write: a person must look."""
        now = self.clock.now()
        with sql.together():
            journal.fence(self.run, self.epoch)
            left, right = self._ids(prepared.action)
            raised = Raised(
                "unknown_outcome",
                left,
                right,
                title=prepared.action.title,
                reason=unsure.summary,
                params=as_text(unsure.params),
            )
            issues.open_all(self.bench.table, [raised], now)
            journal.close_intents(self.chunk, [(prepared.position, "unknown", None, None, None)], now)

    def waits(self, action: VendorAction, missing: Unresolved) -> None:
        """A write needs a record that is not coupled yet; it goes when that one arrives."""
        left, right = self._ids(action)
        issues.open_all(
            self.bench.table,
            [
                Raised(
                    "waits",
                    left,
                    right,
                    title=action.title,
                    reason=N_("Waits for a record it depends on."),
                    waits_table=missing.mapping,
                    waits_id=missing.external_id,
                )
            ],
            self.clock.now(),
        )

    def overtaken(self, side: Side, left: Sequence[tuple[Prepared, Declined]], gone: Collection[str]) -> None:
        """Writes to records in which something moved since the plan: nothing to settle, the next plan sees it."""
        if not left:
            return
        now = self.clock.now()
        with sql.together():
            journal.fence(self.run, self.epoch)
            mirror.mark_gone(self.bench.feeds[side], sorted(gone), now)
            mirror.touch(self.bench.feeds[side], [each.write.external_id or "" for each, _ in left])
            journal.close_intents(self.chunk, [_closed(each, outcome.error) for each, outcome in left], now)

    def set_aside(self, idle: Sequence[Prepared]) -> None:
        """Updates of which nothing could be carried: the source's value is known, and told, until it moves again."""
        if not idle:
            return
        moved: list[Link] = []
        with sql.together():
            journal.fence(self.run, self.epoch)
            for each in idle:
                link = self.links.get(each.action.coupling) if isinstance(each.action, Update) else None
                if link is None or not isinstance(each.action, Update):
                    continue
                new = {} if each.action.alone else {key: after for key, (_, after) in each.action.changes.items()}
                link.base(each.action.side.other).update({**each.action.agree, **new})
                link.base(each.action.side).update(each.action.agree)
                moved.append(link)
            couplings.save(self.bench.table, moved, self.clock.now(), self.who)
            unsent = lacking((each, self._ids(each.action)) for each in idle)
            issues.open_all(self.bench.table, unsent, self.clock.now())

    def later(self, kept_back: Sequence[tuple[Prepared, KoblingError]]) -> None:
        """Writes that could not even be begun, while others could: told, never parked, and tried in the next run."""
        if not kept_back:
            return
        with sql.together():
            journal.fence(self.run, self.epoch)
            issues.open_all(self.bench.table, [self._refusal(*each) for each in kept_back], self.clock.now())
            self.look_again([each for each, _ in kept_back])

    def look_again(self, prepared: Sequence[Prepared]) -> None:
        """Let the next plan look at the records behind writes that were not applied."""
        for each in prepared:
            left, right = self._ids(each.action)
            side = Side.LEFT if left else Side.RIGHT
            mirror.touch(self.bench.feeds[side], [left or right or ""])

    def _judge(self, prepared: Prepared, outcome: Confirmed | Declined) -> Verdict:
        action = prepared.action
        link = self.links.get(action.coupling) if isinstance(action, Update) else None
        base = link.base(action.side) if link else {}
        return judge(self.bench.mapping, prepared, outcome, base, self.bench.resolver)

    def _remember(self, confirmed: Sequence[tuple[Prepared, Verdict]]) -> dict[int, str]:
        """Couple what was created, move bases, forget what was deleted. Returns coupling ids by position."""
        saved: dict[str, Link] = {}
        uids: dict[int, str] = {}
        for each, verdict in confirmed:
            if isinstance(each.action, Delete):
                couplings.remove(self.bench.table, [each.action.coupling])
                uids[each.position] = each.action.coupling
                continue
            if isinstance(each.action, Create) and each.action.alone:
                self._leave_out(each.action.side, verdict.external_id or "", each.action.reason)
                continue
            if isinstance(each.action, Create):
                link: Link | None = self._created(each.action, verdict)
            else:
                link = self.links.get(each.action.coupling)
            if link is None:
                continue
            if isinstance(each.action, Update) and verdict.external_id not in (None, each.action.external_id):
                link.name(each.action.side, str(verdict.external_id))
            link.base(each.action.side.other).update(verdict.base_source)
            link.base(each.action.side).update(verdict.base_target)
            saved[link.uid] = self.links[link.uid] = link
            uids[each.position] = link.uid
        couplings.save(self.bench.table, saved.values(), self.clock.now(), self.who)
        created = [
            saved[uids[each.position]]
            for each, _ in confirmed
            if isinstance(each.action, Create) and each.position in uids
        ]
        self._now_coupled(created)
        return uids

    def _created(self, action: Create, verdict: Verdict) -> Link:
        left, right = action.source_id, verdict.external_id or ""
        if action.side is Side.LEFT:
            left, right = right, left
        old = self.links.get(action.restores) if action.restores else None
        uid = old.uid if old else coupling_id(self.bench.name, left, right)
        return Link(uid, left, right, {}, {})

    def _now_coupled(self, links: Sequence[Link]) -> None:
        for side in Side:
            ids = [link.left_id if side is Side.LEFT else link.right_id for link in links]
            keep = identity_rules(self.bench.mapping)
            couplings.mark_coupled(self.bench.table, self.bench.siblings[side], side, ids, keep)
            issues.wake(self.bench.pair, ids, self.bench.feeds_by_table)
            issues.settle_coupled(self.bench.table, side, ids, self.bench.feeds)

    def _mirror(self, confirmed: Sequence[tuple[Prepared, Verdict]]) -> None:
        now = self.clock.now()
        for side in Side:
            mine = [(each, verdict) for each, verdict in confirmed if each.action.side is side]
            feed = self.bench.feeds[side]
            own = [verdict.record for _, verdict in mine if verdict.record is not None and not verdict.moved]
            seen = [verdict.record for _, verdict in mine if verdict.record is not None and verdict.moved]
            if self.has_proofs:
                own, seen = [], own + seen
            mirror.put_own(feed, own, now)
            made = [v.external_id or "" for each, v in mine if isinstance(each.action, Create) and v.record is None]
            mirror.expect(feed, made, now)
            if seen:
                mirror.put(feed, seen, [], now)
            deleted = [v.external_id or "" for each, v in mine if isinstance(each.action, Delete)]
            renamed = [
                each.action.external_id
                for each, v in mine
                if isinstance(each.action, Update) and v.external_id not in (None, each.action.external_id)
            ]
            mirror.forget_own(feed, [*deleted, *renamed])
            couplings.drop_keys([self.bench.table, *self.bench.siblings[side]], side, deleted)

    def _refuse(self, refused: Sequence[tuple[Prepared, KoblingError]]) -> None:
        now = self.clock.now()
        raised = []
        for each, error in refused:
            if isinstance(error, NotThere) and each.write.external_id:
                mirror.mark_gone(self.bench.feeds[each.action.side], [each.write.external_id], now)
            else:
                raised.append(self._refusal(each, error))
        issues.open_all(self.bench.table, raised, now)
        self._retry_once(raised)

    def _refusal(self, each: Prepared, error: KoblingError) -> Raised:
        left, right = self._ids(each.action)
        label = label_of(self.bench.feeds[each.action.side], error.field) if error.field else ""
        return Raised(
            "refused",
            left,
            right,
            title=each.action.title,
            reason=error.summary,
            params=_labelled(as_text(error.params), error.field, label),
            details={**error_as_data(error), **({"label": label} if label else {})},
            cause=cause_of(error),
        )

    def _retry_once(self, raised: Sequence[Raised]) -> None:
        """The next run tries a refused record again, unless it is parked now."""
        parked = issues.parked(self.bench.table, [each.subject for each in raised])
        for each in raised:
            if each.subject not in parked:
                side = Side.LEFT if each.left_id else Side.RIGHT
                mirror.touch(self.bench.feeds[side], [each.left_id or each.right_id or ""])

    def _settle_issues(self, confirmed: Sequence[tuple[Prepared, Verdict]]) -> None:
        subjects = [issues.subject(*self._ids(each.action)) for each, _ in confirmed]
        issues.settle_kind(self.bench.table, ["refused", "unknown_outcome", "altered"], subjects)
        altered = [
            Raised(
                "altered",
                *self._ids(each.action),
                title=each.action.title,
                reason=N_("The other system keeps a value differently from what was sent."),
                details={"side": each.action.side.value, "fields": dict(verdict.altered)},
            )
            for each, verdict in confirmed
            if verdict.altered
        ]
        unsent = lacking((each, self._ids(each.action)) for each, _ in confirmed)
        issues.open_all(self.bench.table, [*altered, *unsent], self.clock.now())

    def _couple(self, actions: Sequence[Couple]) -> None:
        lefts = couplings.by_side(self.bench.table, Side.LEFT, [each.left_id for each in actions])
        rights = couplings.by_side(self.bench.table, Side.RIGHT, [each.right_id for each in actions])
        fresh = []
        for each in actions:
            taken = lefts.get(each.left_id) or rights.get(each.right_id)
            if taken is not None:
                self._look_again_at(each, taken)
                continue
            link = Link(each.coupling, each.left_id, each.right_id, dict(each.base), dict(each.base))
            lefts[each.left_id] = rights[each.right_id] = link
            fresh.append(link)
        couplings.save(self.bench.table, fresh, self.clock.now(), self.who)
        self._now_coupled(fresh)

    def _look_again_at(self, each: Couple, taken: Link) -> None:
        """Who was to get a partner that somebody else has by now is planned anew; a repetition is nothing new."""
        if taken.uid != each.coupling:
            mirror.touch(self.bench.feeds[Side.LEFT], [each.left_id])
            mirror.touch(self.bench.feeds[Side.RIGHT], [each.right_id])

    def _agree(self, actions: Sequence[Agree]) -> None:
        known = couplings.by_uid(self.bench.table, [each.coupling for each in actions])
        for each in actions:
            if link := known.get(each.coupling):
                link.base_left.update(each.base)
                link.base_right.update(each.base)
        couplings.save(self.bench.table, known.values(), self.clock.now(), self.who)

    def _uncouple(self, actions: Sequence[Uncouple]) -> None:
        """A survivor of an uncoupling is left alone from now on, else the next run would make its twin anew."""
        couplings.remove(self.bench.table, [each.coupling for each in actions])
        for each in actions:
            self._leave_out(Side.LEFT, each.left_id, each.reason)
            self._leave_out(Side.RIGHT, each.right_id, each.reason)

    def _leave_out(self, side: Side, external_id: str, why: str) -> None:
        Decision.objects.get_or_create(
            table_id=self.bench.table,
            side=side.value,
            external_id=external_id,
            choice="ignore",
            other_id="",
            defaults={"decided_by": self.who, "why": why, "decided_at": self.clock.now()},
        )

    def _ids(self, action: VendorAction) -> tuple[str | None, str | None]:
        """Both ids as far as known. A create's record is known on its source side alone."""
        if isinstance(action, Create):
            known = action.side if action.alone else action.side.other
            return (action.source_id, None) if known is Side.LEFT else (None, action.source_id)
        link = self.links.get(action.coupling)
        if link is not None:
            return link.left_id, link.right_id
        return (action.external_id, None) if action.side is Side.LEFT else (None, action.external_id)


def _labelled(params: dict[str, Any], field: str | None, label: str) -> dict[str, Any]:
    """A vendor names its own field; people know it by its label."""
    if not field or not label or label == field:
        return params
    called = f"“{label}” ({field})"
    return {name: re.sub(rf"\b{re.escape(field)}\b", lambda _: called, str(value)) for name, value in params.items()}


def _closed(each: Prepared, error: KoblingError) -> tuple[int, str, str | None, str | None, str | None]:
    return each.position, "refused", None, None, to_json(error_as_data(error)).decode()
