"""Who may call: clients, access tokens, and the two token endpoints' shared rules."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from kobling_simulators.clock import Clock
from kobling_simulators.wire import Call, Reply, json_reply

_EVERYTHING = frozenset({"read", "write"})


@dataclass(slots=True)
class Token:
    """An access token: which client, which organizations, what it may do, until when."""

    text: str
    client_id: str
    organizations: frozenset[int]
    scopes: frozenset[str]
    expires: float
    personal: bool

    @property
    def may_write(self) -> bool:
        """Whether a write scope was granted."""
        return bool(self.scopes & {"write", "dineropublicapi:write"})


@dataclass(slots=True)
class Identity:
    """Everything that signs a client in to one simulated Dinero."""

    client_id: str
    client_secret: str
    visma_client_id: str
    visma_client_secret: str
    visma_username: str
    visma_password: str
    api_keys: dict[str, int] = field(default_factory=dict)
    tenants: dict[str, int] = field(default_factory=dict)


class OAuthError(Exception):
    """A refusal of a token endpoint, in OAuth's own JSON."""

    def __init__(self, error: str, status: int = 400, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.description = description

    def reply(self) -> Reply:
        """{"error", "error_description"}."""
        body = {"error": self.error}
        if self.description:
            body["error_description"] = self.description
        headers = {"WWW-Authenticate": "Basic"} if self.status == 401 else {}
        return json_reply(body, self.status, headers)


class Tokens:
    """The access tokens in force."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(f"tokens {seed}")
        self._tokens: dict[str, Token] = {}

    def secret(self, bits: int = 160) -> str:
        """A new opaque text."""
        return f"{self._random.getrandbits(bits):0{bits // 4}x}"

    def issue(
        self, client_id: str, organizations: frozenset[int], scopes: frozenset[str], life: int, *, personal: bool
    ) -> Token:
        """A new token that lives so many seconds."""
        token = Token(self.secret(), client_id, organizations, scopes, self._clock.now() + life, personal)
        self._tokens[token.text] = token
        return token

    def of(self, call: Call) -> Token | None:
        """The living token of a call, or None.

        Fidelity: known dinero §5 – a token that is over is HTTP 401
        """
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(text.strip()) if kind.lower() == "bearer" else None
        return token if token is not None and self._clock.now() < token.expires else None

    def expire(self, call: Call) -> None:
        """Let the token of a call be over."""
        text = call.headers.get("Authorization", "").partition(" ")[2].strip()
        self._tokens.pop(text, None)

    def end_all(self) -> int:
        """Forget all tokens; returns how many there were."""
        count = len(self._tokens)
        self._tokens.clear()
        return count


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of an Authorization: Basic header, or None."""
    kind, _, text = call.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if separator else None


def personal_token(call: Call, identity: Identity, tokens: Tokens, life: int) -> Reply:
    """POST /dineroapi/oauth/token. Raises OAuthError.

    Fidelity: known dinero §1 – Basic client id:secret, grant_type=password, username and password both the API key
    Fidelity: known dinero §1 – one organization per API key; no refresh token; about an hour
    Fidelity: known dinero §8 – without `scope` the grant is answered
    Fidelity: assumed dinero §1 – a grant without `scope` may read and write
    Fidelity: assumed dinero §1 – wrong client 401 invalid_client, wrong key 400 invalid_grant
    """
    if basic(call) != (identity.client_id, identity.client_secret):
        raise OAuthError("invalid_client", 401)
    form = call.form()
    if form.get("grant_type") != "password":
        raise OAuthError("unsupported_grant_type")
    scopes = frozenset(form.get("scope", "").split()) or _EVERYTHING
    if scopes - _EVERYTHING:
        raise OAuthError("invalid_scope")
    key = form.get("username", "")
    if key != form.get("password") or key not in identity.api_keys:
        raise OAuthError("invalid_grant", 400, "The API key is not valid")
    reach = frozenset({identity.api_keys[key]})
    token = tokens.issue(identity.client_id, reach, scopes, life, personal=True)
    return json_reply(answer(token, life))


def answer(token: Token, life: int, **more: str) -> Mapping[str, object]:
    """The body of a granted token."""
    return {
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": life,
        "scope": " ".join(sorted(token.scopes)),
        **more,
    }
