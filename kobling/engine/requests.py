"""The steps of a run as data: what each asks for and what it answers, typed, and plain JSON for the durable engine."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

Answer = TypeVar("Answer")


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error as a run keeps it. ``outcome`` is what it means for the run: ``temporary`` or the state it ends in."""

    kind: str
    summary: str
    outcome: str
    params: dict[str, str] = {}
    code: str | None = None
    field: str | None = None
    vendor_text: str = ""
    detail: str = ""
    retry_at: str | None = None

    def as_data(self) -> dict[str, Any]:
        """As it is kept in the database."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Step(msgspec.Struct, Generic[Answer], frozen=True, tag_field="do"):
    """One step: a chunk of work that may be repeated after a crash. ``answers`` is the type of its result."""

    answers: ClassVar[Any] = None


class Call(Protocol):
    """Does a step, durable and retried where it makes sense, and gives its answer. Raises StepFailed."""

    def __call__(self, step: Step[Answer], /) -> Answer: ...


class Span(msgspec.Struct, frozen=True):
    """Revs of one side that a run covers: those after ``after`` and up to ``upto``."""

    after: int
    upto: int


class Window(msgspec.Struct, frozen=True):
    """The revs that a run covers on both sides of a table, and which side is planned first."""

    left: Span
    right: Span
    first: str

    def of(self, side: str) -> Span:
        """One side's."""
        return self.left if side == "left" else self.right


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to do.

    ``feeds`` to read; ``tables`` in dependency order; ``leftovers``: chunks of earlier runs with unknown writes;
    ``proofs``: tables looked at once more after writing; ``depends``: table → those before it; ``refreshes``: tables
    after which other feeds are read again; ``reports``: tables whose source waits to hear; ``tables_of``: feed → tables
    that cannot do without it; ``confirmed``: brakes that a person released.
    """

    feeds: list[int]
    tables: list[str]
    leftovers: list[int]
    proofs: list[str]
    depends: dict[str, list[str]]
    refreshes: list[str]
    reports: list[str]
    tables_of: dict[str, list[str]]
    confirmed: list[str]
    dry: bool
    full: bool
    single: bool


class Observed(msgspec.Struct, frozen=True):
    """What one step of reading brought."""

    more: bool
    rows: int
    pages: int
    total: int | None = None


class Swept(msgspec.Struct, frozen=True):
    """What comparing ids found."""

    gone: int = 0
    fetched: int = 0


class Planned(msgspec.Struct, frozen=True):
    """A stored chunk of a plan, and how far it reaches."""

    chunk: int
    upto: int
    rows: int
    size: int


class PlannedAgain(msgspec.Struct, frozen=True):
    """A stored chunk of proving, and how many updates it holds."""

    chunk: int
    updates: int


class Begin(Step[Work], frozen=True, tag="begin"):
    """Say what there is to do."""

    answers = Work


class LookUp(Step[None], frozen=True, tag="look_up"):
    """Find out what became of an earlier run's unanswered writes."""

    chunk: int


class Observe(Step[Observed], frozen=True, tag="observe"):
    """Read some pages of one feed into the mirror."""

    answers = Observed
    feed: int


class Sweep(Step[Swept], frozen=True, tag="sweep"):
    """Look for records that vanished, or came, without a word."""

    answers = Swept
    feed: int
    full: bool


class Fetch(Step[None], frozen=True, tag="fetch"):
    """Read the one record that was asked for afresh."""


class OpenWindow(Step[Window], frozen=True, tag="window"):
    """Say which revs of a table this run covers; what moves meanwhile is the next run's."""

    answers = Window
    table: str


class Brake(Step[None], frozen=True, tag="brake"):
    """Stop where the table looks improbable and nobody confirmed it."""

    table: str
    window: Window
    confirmed: list[str]


class Index(Step[bool], frozen=True, tag="index"):
    """Key moved rows for matching; true while there are more."""

    answers = bool
    table: str
    side: str
    upto: int


class Plan(Step[Planned | None], frozen=True, tag="plan"):
    """Plan the next chunk and store it; None when nothing is left."""

    answers = Planned | None
    table: str
    side: str
    seq: int
    window: Window
    after: int


class Execute(Step[None], frozen=True, tag="execute"):
    """Execute a stored chunk, then advance the table's cursor."""

    chunk: int


class Arrive(Step[None], frozen=True, tag="arrive"):
    """Everything up to a rev was planned and executed: the next run begins behind it."""

    table: str
    side: str
    upto: int


class Written(Step[list[str]], frozen=True, tag="written"):
    """The next couplings that this run, or one chunk of it, wrote to."""

    answers = list[str]
    table: str
    after: str
    chunk: int | None


class PlanAgain(Step[PlannedAgain], frozen=True, tag="plan_again"):
    """Plan couplings that were just written, from what the vendors answered."""

    answers = PlannedAgain
    table: str
    seq: int
    written: list[str]


class PlanPointed(Step[int | None], frozen=True, tag="plan_pointed"):
    """Plan records with a field that points to one that was coupled meanwhile; None when there are none left."""

    answers = int | None
    table: str
    seq: int


class ExecuteAgain(Step[None], frozen=True, tag="execute_again"):
    """Execute a chunk of proving or following; the cursors stay where they are."""

    chunk: int


class ExecuteApproved(Step[None], frozen=True, tag="execute_approved"):
    """Execute a chunk of an approved plan as it was shown; nothing in tables that could not be read first."""

    chunk: int
    failed: list[str]


class Stale(Step[list[int]], frozen=True, tag="stale"):
    """Reference feeds that changed because this table was written."""

    answers = list[int]
    table: str


class Echoes(Step[list[int]], frozen=True, tag="echoes"):
    """Feeds that this run wrote so much to that the next one would have pages of our own writes to read."""

    answers = list[int]


class Finish(Step[None], frozen=True, tag="finish"):
    """A table is through."""

    table: str


class Fail(Step[None], frozen=True, tag="fail"):
    """Remember that a table failed, or was held up, and why."""

    table: str
    failure: Failure


class ReportBegin(Step[None], frozen=True, tag="report_begin"):
    """Tell the side that hands out records that the work has started."""

    table: str


class ReportChunk(Step[None], frozen=True, tag="report_chunk"):
    """Tell what became of the records that one chunk made."""

    table: str
    chunk: int


class Report(Step[None], frozen=True, tag="report"):
    """Tell what became of the rest that was handed out; what is not settled yet is told by a later run."""

    table: str


class GiveUp(Step[None], frozen=True, tag="give_up"):
    """Tell the side that hands out records that nothing can be done with them until something is set up."""

    table: str
    failure: Failure


AnyStep = (
    Begin
    | LookUp
    | Observe
    | Sweep
    | Fetch
    | OpenWindow
    | Brake
    | Index
    | Plan
    | Execute
    | Arrive
    | Written
    | PlanAgain
    | PlanPointed
    | ExecuteAgain
    | ExecuteApproved
    | Stale
    | Echoes
    | Finish
    | Fail
    | ReportBegin
    | ReportChunk
    | Report
    | GiveUp
)


def as_data(step: Step[Any]) -> dict[str, Any]:
    """A step as the durable engine keeps it."""
    data: dict[str, Any] = msgspec.to_builtins(step)
    return data


def from_data(data: dict[str, Any]) -> AnyStep:
    """What ``as_data`` made."""
    step: AnyStep = msgspec.convert(data, AnyStep)
    return step


def answer_of(step: Step[Answer], told: Any) -> Answer:
    """A step's answer from what the durable engine kept of it."""
    answer: Answer = msgspec.convert(told, step.answers)
    return answer
