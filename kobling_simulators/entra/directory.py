"""Who is known to the sign-in service: the tenant, its apps and its people."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from uuid import UUID

_PEOPLE = (
    ("Bodil Bogholder", "bodil"),
    ("Åse Administrator", "aase"),
    ("Øystein Ørnfelt", "oystein"),
)


@dataclass(slots=True)
class User:
    """A person who can sign in; `since` is when the password was last set."""

    name: str
    username: str
    password: str
    object_id: str
    enabled: bool = True
    since: float = 0.0


@dataclass(slots=True)
class App:
    """An app registration; without a secret it is a public client. `object_id` is its service principal's."""

    client_id: str
    secret: str
    object_id: str
    name: str


@dataclass(slots=True)
class Directory:
    """One tenant, and the id of another that its tokens do not reach; equal seeds give equal directories."""

    seed: int
    tenant: str
    domain: str
    other_tenant: str
    users: dict[str, User] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)

    @property
    def user(self) -> User:
        """The ordinary user whose name and password are handed out."""
        return next(iter(self.users.values()))

    @property
    def app(self) -> App:
        """The app whose id and secret are handed out."""
        return next(iter(self.apps.values()))

    @property
    def administrator(self) -> App:
        """The app by which an administrator prepares things."""
        return list(self.apps.values())[3]

    @property
    def public_app(self) -> App:
        """The app without a secret."""
        return list(self.apps.values())[1]


def directory(seed: int) -> Directory:
    """The directory of a seed; everyone gets a copy of their own."""
    source = random.Random(f"entra {seed}")
    domain = "proevefirma.onmicrosoft.example"
    made = Directory(seed, _guid(source), domain, _guid(source))
    for name, nick in _PEOPLE:
        user = User(name, f"{nick}@{domain}", f"{source.getrandbits(64):016x}", _guid(source))
        made.users[user.username] = user
    for name, secret in (
        ("Kobling", True),
        ("Kobling (public)", False),
        ("Unregistered", True),
        ("Administrator", True),
    ):
        text = f"{source.getrandbits(160):040x}" if secret else ""
        app = App(_guid(source), text, _guid(source), name)
        made.apps[app.client_id] = app
    return made


def _guid(source: random.Random) -> str:
    return str(UUID(int=source.getrandbits(128), version=4))
