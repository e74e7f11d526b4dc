"""Challenges, logins and sessions."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from kobling_simulators.clock import Clock
from kobling_simulators.simply_crm.errors import ServiceError, denied

TOKEN_LIFE = 300
IDLE_LIFE = 1800
TOTAL_LIFE = 86_400


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in; number is the record number behind 19x."""

    number: int
    name: str
    access_key: str
    is_admin: bool
    first_name: str
    last_name: str
    email: str
    active: bool = True

    @property
    def full_id(self) -> str:
        """The id of the user record."""
        return f"19x{self.number}"


@dataclass(slots=True)
class Session:
    """One login; any number of them may live side by side."""

    name: str
    user: User
    started: float
    used: float


class Sessions:
    """Who is signed in.

    Fidelity: known simply_crm §1 – sessions end 1800 s after last use or 86400 s after login; many at once are fine
    Fidelity: known simply_crm §1 – a token lives 300 s, may be used again, and dies when its user asks for another
    """

    def __init__(self, clock: Clock, users: list[User], seed: int) -> None:
        self._clock = clock
        self._users = {user.name: user for user in users}
        self._random = random.Random(f"sessions {seed}")
        self._tokens: dict[str, tuple[str, float]] = {}
        self._sessions: dict[str, Session] = {}

    def challenge(self, username: str) -> dict[str, object]:
        """A token to log in with. Raises ServiceError for an unknown user."""
        if username not in self._users:
            raise denied("No user found")
        now = int(self._clock.now())
        token = f"{self._random.getrandbits(52):013x}"
        self._tokens[username] = (token, now + TOKEN_LIFE)
        return {"token": token, "serverTime": now, "expireTime": now + TOKEN_LIFE}

    def login(self, username: str, access_key: str) -> Session:
        """A new session for md5(token + access key). Raises ServiceError."""
        user = self._users.get(username)
        token, expires = self._tokens.get(username, ("", 0.0))
        if user is None or not token or self._clock.now() > expires:
            raise ServiceError("INVALID_AUTH_TOKEN", "Specified token is invalid or expired")
        if hashlib.md5((token + user.access_key).encode()).hexdigest() != access_key:
            raise ServiceError("INVALID_USER_CREDENTIALS", "Invalid username or password")
        if not user.active:
            raise ServiceError("AUTHENTICATION_FAILURE", "Given user is inactive")
        now = self._clock.now()
        session = Session(f"{self._random.getrandbits(84):021x}", user, now, now)
        self._sessions[session.name] = session
        return session

    def user_by_key(self, username: str, access_key: str) -> User | None:
        """The active user of a name and an access key, or None."""
        user = self._users.get(username)
        return user if user is not None and user.active and user.access_key == access_key else None

    def use(self, name: str) -> Session:
        """The living session of that name, its idle time begun anew. Raises ServiceError."""
        if not name:
            raise ServiceError("AUTHENTICATION_REQUIRED", "Authencation required")
        session = self._sessions.get(name)
        if session is None:
            raise ServiceError("INVALID_SESSIONID", "Session Identifier provided is Invalid")
        now = self._clock.now()
        if now - session.started > TOTAL_LIFE:
            del self._sessions[name]
            raise ServiceError("SESSION_EXPIRED", "Login required")
        if now - session.used > IDLE_LIFE:
            del self._sessions[name]
            raise ServiceError("SESSION_LEFT_IDLE", "Session has been invalidated due to lack activity")
        session.used = now
        return session

    def end(self, name: str) -> None:
        """Log out."""
        self._sessions.pop(name, None)

    def expire(self, name: str) -> None:
        """Let a session's total life be over."""
        if name in self._sessions:
            self._sessions[name].started = self._clock.now() - TOTAL_LIFE - 1

    def end_all(self) -> int:
        """Forget every session and token; returns how many sessions there were."""
        count = len(self._sessions)
        self._sessions.clear()
        self._tokens.clear()
        return count
