"""What a connector promises. Engine, planner and executor know systems only through these shapes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from kobling.records import Fields, Gone, KoblingError, Record, VersionToken
from kobling.sdk.outcomes import Outcome

Bookmark = Mapping[str, str | int | bool | None]
"""Where reading changes of one resource resumes; opaque outside its connector, JSON-able, small."""


class Deletions(StrEnum):
    """How a resource tells that records are gone."""

    FEED = "feed"
    SWEEP = "sweep"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a resource can do; the planner never proposes what is not offered.

    ``many_by_all``: many are found by reading everything, so that what is left out of them is not there.
    """

    create: bool = False
    update: bool = False
    delete: bool = False
    changed_since: bool = False
    deletions: Deletions = Deletions.NONE
    version_token: bool = False
    idempotent_create: bool = False
    batch_size: int = 1
    many_by_all: bool = False


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field as the installation describes it. ``max_length`` counts characters; None where unlimited or unknown."""

    name: str
    label: str = ""
    type: str = "string"
    required: bool = False
    read_only: bool = False
    unique: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that is there and could not be read; its id is empty where even that is not known."""

    external_id: str
    error: KoblingError


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one request, and the bookmark to store with them.

    It is a function of the bookmark and of what the vendor holds: the same bookmark read again gives the same again.
    ``unread`` are records that are left out of it.

    ``more`` is true while the same reading goes on. When false, ``bookmark`` is where the next run resumes,
    overlap included, so that a record changed during the reading is seen again rather than missed. ``unswept``: the
    feed broke off and began anew, so that deletions may have gone by unseen and ids must be compared.
    """

    records: Sequence[Record]
    bookmark: Bookmark
    more: bool
    gone: Sequence[Gone] = ()
    total: int | None = None
    unswept: bool = False
    unread: Sequence[Unread] = ()


@dataclass(frozen=True, slots=True)
class IdPage:
    """Ids that exist now, for a deletion sweep; ``position`` resumes, None ends."""

    ids: Sequence[str]
    position: str | None


class Operation(StrEnum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


Load = Callable[[Mapping[str, Any]], Awaitable[bytes]]
"""Loads a file by its description. Raises Refused when it cannot be had."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write to send.

    ``key`` is ours, unique and stable over retries: caller-chosen ids and references are derived from it. ``fields``
    are the vendor's names: all mapped fields for a create, the changed ones for an update. ``expected`` is the version
    the plan was made on, ``started_at`` (UTC) when the intent was journaled; ``load`` gives the content of a file that
    ``fields`` describe; ``taken`` are records that a create cannot have made.
    """

    key: str
    operation: Operation
    fields: Fields = field(default_factory=dict)
    external_id: str | None = None
    expected: VersionToken | None = None
    started_at: datetime | None = None
    load: Load | None = None
    taken: frozenset[str] = frozenset()


Report = Callable[[Outcome], None]
"""Takes the outcome of each write, once, as it comes."""


@runtime_checkable
class Resource(Protocol):
    """A kind of record that a connector offers."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def describe(self) -> Mapping[str, FieldSchema]:
        """Say which fields this installation has."""
        ...

    async def read(self, bookmark: Bookmark | None) -> Page:
        """Read one page: from the start without a bookmark, else what changed since or the next page."""
        ...

    async def read_ids(self, position: str | None) -> IdPage:
        """List ids that exist now, cheaply, for a deletion sweep."""
        ...

    async def get(self, external_id: str) -> Record:
        """Read one record afresh. Raises NotThere."""
        ...

    async def get_many(self, external_ids: Sequence[str]) -> Sequence[Record]:
        """Read several records afresh in as few requests as the vendor allows; missing ones are left out."""
        ...

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Send writes, batched and concurrent as the vendor allows, reporting each outcome once, as it comes.

        Never sends again what may have been carried out. Every write has an outcome when this returns or raises; it
        raises only what concerns the whole connection (a failing sign-in, a limit, a vendor out of reach).
        """
        ...

    async def find_created(self, write: Write) -> Record | None:
        """Look for what a create with unknown outcome made, by everything that was sent.

        None: nothing was made. Raises Unsafe when unsure: several could be it, one says something else, is half made.
        """
        ...


@runtime_checkable
class FileSource(Protocol):
    """A resource whose records have files."""

    async def file(self, external_id: str, file: Mapping[str, Any]) -> bytes:
        """The content of a file that a record's fields describe. Raises Refused when it cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a record that its source waits to hear about.

    ``done``: it is over there as ``target_id``. Else ``reason`` says in a person's words why not, and ``kind`` is a
    short code. ``at`` is when it was found out (UTC).
    """

    external_id: str
    done: bool
    at: datetime
    target_id: str = ""
    reason: str = ""
    kind: str = ""


@runtime_checkable
class Reporting(Protocol):
    """A resource that hands records out and waits to hear what became of each."""

    async def begin(self) -> None:
        """Say that the work has started; saying it again changes nothing."""
        ...

    async def awaited(self) -> Sequence[str]:
        """Records that were handed out and have no result yet."""
        ...

    async def tell(self, told: Sequence[Told]) -> None:
        """Give results; telling twice changes nothing."""
        ...

    async def end(self) -> None:
        """What was handed out and has a result for every record is complete; saying it again changes nothing."""
        ...

    async def give_up(self, reason: str) -> None:
        """Nothing of what was handed out can be worked on: ``reason`` says what a person must set up first."""
        ...


@runtime_checkable
class Countable(Protocol):
    """A resource that says cheaply how many records exist, so that a sweep is made only when one is missing."""

    async def count(self) -> int:
        """How many records exist now, in one request."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """What a connection test found: the account's own name echoed, so that a person sees it is the right one.

    ``identity`` is what tells this account from every other for good (an organisation's or company's id, a database's
    address), never a name that may change; empty where the system tells none.
    ``notes`` are what the installation lacks or has otherwise than usual; ``settings`` are found by the test and kept
    with those that were entered (an id for a name).
    """

    account_name: str
    version: str = ""
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of a probe compared with the contract. ``ok`` None: the contract only assumes, nothing to compare."""

    topic: str
    observed: str
    contract: str = ""
    ok: bool | None = None


class Connector(Protocol):
    """Code that knows one system, opened on one connection."""

    @property
    def resources(self) -> Mapping[str, Resource]: ...

    async def check(self) -> Health:
        """Test the sign-in with as few requests as possible. Raises SettingsError naming what is wrong."""
        ...

    def probe(self) -> AsyncIterator[Finding]:
        """Ask a real account read-only questions and compare with the contract; nothing secret in the findings."""
        ...

    async def document(self, resource: str, external_id: str) -> bytes:
        """Fetch the document (a PDF) of a record. Raises NotThere where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class InStock:
    """How much of an item is there, in its base unit."""

    amount: Decimal
    unit: str = ""


@runtime_checkable
class Stocked(Protocol):
    """A connector that says what is in stock right now."""

    async def in_stock(self, numbers: Sequence[str]) -> Mapping[str, InStock]:
        """By item number; unknown ones are left out. Raises SettingsError where nobody set it up."""
        ...


@runtime_checkable
class Preparable(Protocol):
    """A connector whose system must be made ready once, by somebody who may do more than the synchronisation user."""

    async def prepare(self, user: str = "") -> Sequence[str]:
        """Make what is missing and check what is needed; says what was made. Doing it twice changes nothing.

        ``user`` (its id or e-mail there) is given the rights that a synchronisation needs; empty: nobody is.

        Raises SettingsError naming what is not as it must be.
        """
        ...


class Clock(Protocol):
    """Time, injected so that tests never sleep."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Budget(Protocol):
    """A vendor's allowance for one connection, shared by everyone who uses the connection."""

    async def take(self, cost: int = 1) -> None:
        """Wait until ``cost`` requests may be sent."""
        ...

    async def exhausted(self, retry_after: float | None) -> None:
        """The vendor said stop: nobody sends before ``retry_after`` seconds, or a full window, have passed."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a person enters to connect. ``label`` and ``help`` are English and marked for translation."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignInStart:
    """Where to send a person to sign in at the vendor, and what to keep (server-side) until they come back."""

    url: str
    state: str
    verifier: str


class SignIn(Protocol):
    """Signing in on the vendor's own page, for connectors whose settings alone do not open them."""

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Whether these settings ask for it."""
        ...

    def start(self, settings: Mapping[str, str], redirect_uri: str) -> SignInStart:
        """Begin; the hub checks that ``state`` comes back unchanged. Raises SettingsError."""
        ...

    async def finish(
        self, settings: Mapping[str, str], context: Any, code: str, verifier: str, redirect_uri: str
    ) -> Mapping[str, str | int | None]:
        """Turn the code that came back into the grant to store. Raises SettingsError, SignInExpired, Unreachable."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """A connector as the hub knows it before it is opened.

    ``hosts`` are the vendor's own host names (``*.example`` allowed); other base URLs need the operator's word.
    ``budget`` are requests per ``budget_window`` seconds that we allow ourselves. ``open(settings, context)`` takes a
    ``kobling.sdk.context.ConnectorContext``. ``sign_in`` is None where the settings are all that is needed.
    ``group`` is how many writes are journaled together; 0 leaves it to the budget.
    """

    name: str
    title: str
    settings: tuple[Setting, ...]
    hosts: tuple[str, ...]
    open: Callable[..., Connector]
    budget: int = 0
    budget_window: float = 60.0
    concurrency: int = 4
    sign_in: SignIn | None = None
    group: int = 0
