"""Plays a seed: people work, runs come and go in all weathers, then all is quiet and the oracle looks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

from django.db import connection

from kobling.hub.models import Run, SyncIssue
from kobling.hub.services import syncing, undoing
from kobling.hub.store import issues as stored_issues
from kobling.mapping import Side
from kobling.records import KoblingError
from kobling.sync.actions import Create, Delete, Update
from tests.simulation import answers, oracle
from tests.simulation.book import spell
from tests.simulation.people import People
from tests.simulation.weather import CALM, drawn
from tests.simulation.world import BY, Rules, World

ROUNDS = 9
"""So many runs with answers in between must be enough to come to rest."""
BRAKES = ["side_empty", "mass_deletion"]


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a seed: its log in words, what was wrong, and how many steps it had."""

    seed: int
    lines: list[str]
    wrong: list[str]
    steps: int

    def __str__(self) -> str:
        told = "\n".join(self.lines)
        wrong = "\n".join(f"WRONG: {each}" for each in self.wrong)
        again = f"KOBLING_SEED={self.seed} .venv/bin/python -m pytest tests/simulation -k replay"
        return f"seed {self.seed}\n{told}\n{wrong}\nagain: {again}"


def play(seed: int, left_out: Collection[int] = ()) -> Played:
    """Play a seed, but for some of its steps."""
    _forget_everything()
    world = World(rng=Random(f"{seed} world"), rules=Rules.drawn(Random(f"{seed} rules")))
    people = People(world)
    world.act = people.works
    scenes = Scenes(world, people)
    steps = _steps(Random(f"{seed} steps"))
    with world.small():
        scenes.turn_to(Random(f"{seed} begin"))
        people.begins()
        for n, step in enumerate(steps):
            if n not in left_out and not world.book.wrong:
                scenes.turn_to(Random(f"{seed} {n} {step}"))
                getattr(scenes, step)()
        if not world.book.wrong:
            scenes.turn_to(Random(f"{seed} end"))
            scenes.come_to_rest()
        if not world.book.wrong:
            oracle.look(world)
    return Played(seed, world.book.lines, world.book.wrong, len(steps))


def shrunk(played: Played, most: int = 60) -> Played:
    """The same fault with as few steps as can be found by leaving out one after the other."""
    out: set[int] = set()
    for n in range(played.steps):
        if most <= 0:
            break
        most -= 1
        shorter = play(played.seed, {*out, n})
        if shorter.wrong:
            out.add(n)
            played = shorter
    return played


def _steps(rng: Random) -> list[str]:
    steps = ["syncs"]
    for _ in range(rng.randint(1, 3)):
        steps += ["work"] * rng.randint(1, 3)
        steps += ["decide"] * rng.choice((0, 0, 1, 2))
        steps.append(rng.choice(("syncs",) * 7 + ("syncs_fully", "plans", "plans", "undoes", "undoes", "syncs_one")))
    return steps


def _forget_everything() -> None:
    """An empty database whose numbers begin anew, so that a seed is the same whatever was played before."""
    tables = [
        each
        for each in connection.introspection.table_names()
        if each.startswith(("hub_", "access_")) and each != "django_migrations"
    ]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        for each in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(each)}")
        cursor.execute("DELETE FROM sqlite_sequence")
        cursor.execute("PRAGMA foreign_keys = ON")


class Scenes:
    """What a step is made of."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people
        self.rng = Random(0)

    def turn_to(self, rng: Random) -> None:
        """Everything is decided by this from now on."""
        self.rng = self.people.rng = self.world.rng = rng

    def work(self) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.world.clock.turn(self.rng.choice((1, 30, 3600)))
            self.people.works()

    def decide(self) -> None:
        self.people.decides()

    def syncs(self, **options: object) -> Run:
        return self._through(self.world.begin(**options))

    def syncs_fully(self) -> None:
        self.syncs(full=True, confirmed=BRAKES)

    def syncs_one(self) -> None:
        table = self.rng.choice(self.world.rules.tables)
        side = self.rng.choice(list(Side))
        there = self.world.vendors[table, side].living()
        if there:
            one = self.rng.choice(there).external_id
            self.world.book.tell(f"a person has {spell((table, side, one))} synchronised alone")
            self.syncs(only={"table": table, "side": side.value, "id": one})

    def plans(self) -> None:
        """A plan is made, looked at and approved; meanwhile people go on."""
        shown = self._through(self.world.begin(kind="plan"))
        for _ in range(self.rng.randint(0, 2)):
            self.people.works()
        if self.rng.random() < 0.3:
            self.syncs()
        try:
            asked = syncing.sync_planned(BY, self.world.pair, shown, self.world.clock.now())
        except KoblingError as no:
            self.world.book.tell(f"a person may not have it executed: {no}")
            return
        self.world.book.tell("a person approves the plan")
        self._through(self.world.claim(asked))

    def undoes(self) -> None:
        """A person takes back what an earlier run did."""
        done = list(Run.objects.filter(kind="sync").exclude(ended_at=None).order_by("pk"))
        if not done:
            return
        run = self.rng.choice(done)
        undo = undoing.prepare(BY, run, self.world.opener)
        self.world.book.tell(f"a person undoes run {run.pk}")
        for table, actions in undo.actions.items():
            for each in actions:
                self._taken_back(table, each)
        asked = undoing.start(BY, run, undo, self.world.opener, self.world.clock.now())
        self.world.undo_going_on = True
        self._through(self.world.claim(asked))
        self.world.undo_going_on = False

    def _taken_back(self, table: str, each: object) -> None:
        book = self.world.book
        if isinstance(each, Update):
            for side, external_id in ((each.side, each.external_id), (each.side.other, each.other_id)):
                book.undone |= {((table, side, external_id), key): book.now for key in each.changes}
        elif isinstance(each, Delete):
            where = (table, each.side, each.external_id)
            book.undoing.add(where)
            source = oracle.coupled(self.world, where)
            if source is not None:
                book.left_out[source] = "its counterpart was taken back by a person"
        elif isinstance(each, Create):
            book.tell(f"  {each.side.value} {table} {each.source_id[:14]} is to be made again")

    def _through(self, run: Run | None) -> Run:
        assert run is not None
        wind = drawn(self.rng)
        kinds = ", ".join(f"{kind} {chance}" for kind, chance in wind.chances.items())
        self.world.book.tell(f"run {run.pk} ({run.kind} {run.options or ''}): {kinds or 'calm'}")
        ended = self.world.go_through(run, wind)
        oracle.collect(self.world)
        return ended

    def come_to_rest(self) -> None:
        """No more mischief, nobody works, and every question is answered, until nothing moves any more."""
        world = self.world
        world.book.tell("all is quiet from now on")
        world.set_weather(CALM)
        world.clock.turn(3600)
        quiet = 0
        for _ in range(ROUNDS):
            sent = len(world.book.done)
            world.book.tell("a run in all calm")
            run = world.go_through(world.begin(full=True, confirmed=BRAKES), CALM)  # type: ignore[arg-type]
            oracle.collect(world)
            answered = self._answer_everything()
            still = not answered and len(world.book.done) == sent and run.state in ("done", "partly_done")
            # What a deletion leaves alone is news to the other side, which is looked at by the run after it.
            quiet = quiet + 1 if still else 0
            if quiet == 2:
                return
        world.book.blame("it never comes to rest")

    def _answer_everything(self) -> int:
        found = SyncIssue.objects.exclude(state="settled").exclude(kind="altered").order_by("pk")
        number = 0
        for issue in found:
            issue.refresh_from_db()
            if issue.state == "settled":
                continue
            choice = answers.by_rule(self.world, issue)
            if issue.kind in ("waits", "out_of_reach") and self.people.mends(issue):
                number += 1
                continue
            if not answers.give(self.world, issue, choice, self.rng):
                answers.give(self.world, issue, "create" if choice == "couple" else "ignore", self.rng)
            number += 1
        return number


__all__ = ["Played", "play", "shrunk", "stored_issues"]
