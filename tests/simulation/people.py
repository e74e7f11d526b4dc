"""What people do in the two systems and in Kobling while runs come and go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from kobling.hub.models import Coupling, SyncIssue
from kobling.hub.services import issues
from kobling.mapping import Side
from kobling.records import KoblingError
from tests.simulation import answers
from tests.simulation.book import Where, spell
from tests.simulation.judged import coupled
from tests.simulation.tables import FIELDS
from tests.simulation.world import BY, World

NAMES = ("Alfa", "Beta ApS", "Gamma", "Bøgh & Søn", "Boegh og Soen")
CVRS = ("10000001", "10000002", "10000003", "10000004", "10000005", "10000006")


class People:
    """Everybody who works in the two systems. ``rng`` is that of the moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = Random(0)
        self._made = 0
        self._typed = 0

    def works(self) -> None:
        """One act of somebody in one of the two systems."""
        does: tuple[Callable[[], None], ...] = (
            self.makes,
            self.makes,
            self.edits,
            self.edits,
            self.edits,
            self.edits_both,
            self.clears,
            self.removes,
            self.makes_again,
            self.makes_twins,
            self.sets_a_clock,
        )
        self.rng.choice(does)()

    def begins(self) -> None:
        """What is there before the first run."""
        for table in self.world.rules.tables:
            for _ in range(self.rng.randint(1, 3)):
                self.makes(table)
        if self.rng.random() < 0.4:
            self.makes_twins()

    # In the two systems.

    def makes(self, table: str | None = None, side: Side | None = None, **same: Any) -> None:
        table = table or self.rng.choice(self.world.rules.tables)
        side = side or self.rng.choice(list(Side))
        self._made += 1
        values: dict[str, Any] = {each.key: self._value(table, side, each.key) for each in FIELDS[table]}
        values |= {"serial": f"#{self._made}", **same}
        fields = {each.on(side): values[each.key] for each in FIELDS[table]}
        vendor = self.world.vendors[table, side]
        made = vendor.typed(lambda: vendor.put(fields))
        where = (table, side, made.external_id)
        self.world.book.tell(f"a person makes {spell(where)} {fields}")
        self.world.book.born[where] = "person"
        self._said(where, fields)

    def edits(self) -> None:
        if (where := self._one()) is None:
            return
        each = self.rng.choice([each for each in FIELDS[where[0]] if not each.frozen])
        self._edit(where, each.key, self._value(where[0], where[1], each.key))

    def edits_both(self) -> None:
        """The same field of both records of a coupling."""
        if (where := self._one()) is None:
            return
        key = self.rng.choice([each.key for each in FIELDS[where[0]] if not (each.frozen or each.points_to)])
        for each in (where, self._other(where)):
            if each is not None and self.world.living(each):
                self._edit(each, key, self._value(each[0], each[1], key))

    def clears(self) -> None:
        if (where := self._one()) is None:
            return
        self._edit(where, self.rng.choice([each.key for each in FIELDS[where[0]] if each.key != "serial"]), None)

    def removes(self) -> None:
        if (where := self._one()) is not None:
            self._remove(where)

    def makes_again(self) -> None:
        """Deletes a record and makes one with the same identity."""
        if (where := self._one()) is None:
            return
        said = self.world.vendor(where).now_says(where[2]) or {}
        self._remove(where)
        same = {each.key: said.get(each.on(where[1])) for each in FIELDS[where[0]] if each.key in ("name", "cvr")}
        self.makes(where[0], where[1], **same)

    def makes_twins(self) -> None:
        """Records that look alike: on both sides, or twice on one."""
        same: dict[str, Any] = {"name": self.rng.choice(NAMES)}
        if self.rng.random() < 0.6:
            same["cvr"] = self.rng.choice(CVRS)
        for side in self.rng.choice(((Side.LEFT, Side.RIGHT), (Side.LEFT, Side.LEFT), (Side.RIGHT, Side.LEFT))):
            self.makes("customers", side, **same)

    def sets_a_clock(self) -> None:
        side = self.rng.choice(list(Side))
        seconds = self.rng.choice((-600, -20, -5, 5, 20, 600))
        for (_, each), vendor in self.world.vendors.items():
            if each is side:
                vendor.settle()
                vendor.set_clock(timedelta(seconds=seconds))
        self.world.book.tell(f"the clock of the {side.value} system is off by {seconds} s")

    def _edit(self, where: Where, key: str, value: Any) -> None:
        name = next(each for each in FIELDS[where[0]] if each.key == key).on(where[1])
        vendor = self.world.vendor(where)
        vendor.settle()
        said = vendor.now_says(where[2])
        if said is None or said.get(name) == value:
            return
        vendor.edit(where[2], {name: value})
        self.world.book.tell(f"a person sets {key} of {spell(where)} to {value!r}")
        self._said(where, {name: value})

    def _remove(self, where: Where) -> None:
        vendor = self.world.vendor(where)
        vendor.settle()
        said = vendor.now_says(where[2])
        if said is None:
            return
        vendor.remove(where[2])
        at = self.world.book.tell(f"a person deletes {spell(where)}")
        self.world.book.died[where] = (at, "person")

    def _said(self, where: Where, fields: dict[str, Any]) -> None:
        self.world.book.person_typed(where, fields)
        self.world.book.says(where, fields)

    def _one(self) -> Where | None:
        """Some record that is there, orders and visits less often than the table's share."""
        table = self.rng.choice(self.world.rules.tables)
        side = self.rng.choice(list(Side))
        there = self.world.vendors[table, side].living()
        return (table, side, self.rng.choice(there).external_id) if there else None

    def _other(self, where: Where) -> Where | None:
        return coupled(self.world, where)

    def _value(self, table: str, side: Side, key: str) -> Any:
        rng = self.rng
        self._typed += 1
        n = self._typed
        field = next(each for each in FIELDS[table] if each.key == key)
        if field.points_to:
            there = (
                self.world.vendors[field.points_to, side].living() if field.points_to in self.world.rules.tables else []
            )
            return rng.choice(there).external_id if there and rng.random() < 0.8 else None
        if key == "cvr":
            return rng.choice(CVRS) if rng.random() < 0.3 else None if rng.random() < 0.3 else f"2{n:07d}"
        if key == "name":
            return rng.choice(NAMES) if table == "customers" and rng.random() < 0.2 else f"Name {n}"
        if key == "limit":
            return n if rng.random() < 0.8 else None
        return f"{key}{n}@x.example" if rng.random() < 0.85 else None

    def mends(self, issue: SyncIssue) -> bool:
        """A record that points to one without a counterpart points to nobody from now on."""
        side, external_id = (Side.LEFT, issue.left_id) if issue.left_id else (Side.RIGHT, issue.right_id)
        both = [(side, external_id)] + ([(Side.RIGHT, issue.right_id)] if issue.left_id and issue.right_id else [])
        mended = False
        for at, each in both:
            where = (issue.table.name, at, each or "")
            said = self.world.vendor(where).now_says(where[2]) or {}
            for one in FIELDS[where[0]]:
                value = said.get(one.on(at))
                if one.points_to and value and coupled(self.world, (one.points_to, at, value)) is None:
                    self._edit(where, one.key, None)
                    mended = True
        return mended

    # In Kobling.

    def decides(self) -> None:
        """Somebody looks at Kobling and says something."""
        self.rng.choice((self.answers_one, self.answers_one, self.couples, self.uncouples))()

    def answers_one(self) -> None:
        found = list(SyncIssue.objects.exclude(state="settled").order_by("pk"))
        if found:
            issue = self.rng.choice(found)
            answers.give(self.world, issue, self.rng.choice(answers.fitting(self.world, issue)), self.rng)

    def couples(self) -> None:
        table = self.rng.choice(self.world.rules.tables)
        there = {side: self.world.vendors[table, side].living() for side in Side}
        if not all(there.values()):
            return
        left, right = (self.rng.choice(there[side]).external_id for side in Side)
        try:
            issues.couple(BY, self.world.pair, self.world.opener, table, left, right, self.world.clock.now())
        except KoblingError as no:
            self.world.book.tell(f"a person may not couple {left} with {right}: {no}")
            return
        self.world.book.tell(f"a person couples {table} {left} with {right}")
        self.world.book.met_anew[table, left, right] = self.world.book.now
        for side, external_id in ((Side.LEFT, left), (Side.RIGHT, right)):
            self.world.book.left_out.pop((table, side, external_id), None)

    def uncouples(self) -> None:
        found = list(Coupling.objects.select_related("table").order_by("pk"))
        if not found:
            return
        each = self.rng.choice(found)
        try:
            issues.uncouple(
                BY, self.world.pair, self.world.opener, each.table.name, each.left_id, self.world.clock.now()
            )
        except KoblingError as no:
            self.world.book.tell(f"a person may not uncouple {each.left_id}: {no}")
            return
        self.world.book.tell(f"a person uncouples {each.table.name} {each.left_id} from {each.right_id}")
        for side, external_id in ((Side.LEFT, each.left_id), (Side.RIGHT, each.right_id)):
            self.world.book.left_out[each.table.name, side, external_id] = "uncoupled by a person"
