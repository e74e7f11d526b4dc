"""How a resource (Dataverse, Business Central) lets callers in: with tokens of its sign-in service."""

from __future__ import annotations

from kobling_simulators.clock import Clock
from kobling_simulators.entra.directory import Directory, directory
from kobling_simulators.entra.tokens import Claims, TokenProblem, read, verify
from kobling_simulators.wire import Call

_REMEMBERED = 1_000


class Gate:
    """The door of one resource: verifies bearer tokens by the sign-in service's clock, and can revoke what it let in.

    Whoever starts the resource (see serve.py) lets it `join` a running sign-in service and sets its own `url`; until
    then the clock is the resource's.
    """

    def __init__(self, seed: int, clock: Clock) -> None:
        self.directory: Directory = directory(seed)
        self.url = ""
        self.authority = ""
        self.clock = clock
        self._seed = seed
        self._revoked_before = 0
        self._revoked: set[str] = set()
        self._seen: dict[str, Claims] = {}

    def join(self, authority: str, clock: Clock) -> None:
        """Believe in a running sign-in service."""
        self.authority, self.clock = authority, clock

    def admit(self, call: Call, *audiences: str) -> Claims:
        """Who calls; the token has to be for one of the audiences and of this tenant. Raises TokenProblem."""
        text = bearer(call)
        if not text:
            raise TokenProblem("there is no bearer token")
        claims = self._seen.get(text)
        now = self.clock.now()
        if claims is None or claims.expires <= now:
            claims = self._read(text, audiences, now)
        elif not _is_for(claims, audiences):
            raise TokenProblem(f"the audience is {claims.audience}, not {audiences[0]}")
        if claims.issued < self._revoked_before or claims.token_id in self._revoked:
            raise TokenProblem("the token has been revoked")
        return claims

    def _read(self, text: str, audiences: tuple[str, ...], now: float) -> Claims:
        """Checking a signature costs more than a whole request, so a token once read is remembered."""
        audience = read(text, self._seed).audience
        wanted = next((one for one in audiences if _plain(one) == _plain(audience)), audiences[0])
        claims = verify(text, wanted, now, seed=self._seed, tenant=self.directory.tenant)
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[text] = claims
        return claims

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        try:
            self._revoked.add(read(bearer(call), self._seed).token_id)
        except TokenProblem:
            return

    def revoke_all(self) -> int:
        """Every token issued until now is refused; returns how many had been used here and were in force.

        A token tells its second of issue only: those of this very second are over if they were used here.
        """
        now = self.clock.now()
        ended = {claims.token_id for claims in self._seen.values() if claims.expires > now}
        self._revoked |= ended
        self._revoked_before = int(now)
        return len(ended)

    def credentials(self) -> dict[str, str]:
        """What signs a client in: an app with its secret, an app without, and a person."""
        who = self.directory
        return {
            "url": self.url,
            "authority": self.authority,
            "tenant": who.tenant,
            "domain": who.domain,
            "client_id": who.app.client_id,
            "client_secret": who.app.secret,
            "public_client_id": who.public_app.client_id,
            "username": who.user.username,
            "password": who.user.password,
        }


def bearer(call: Call) -> str:
    """The token of an Authorization: Bearer header, or nothing."""
    kind, _, text = call.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _is_for(claims: Claims, audiences: tuple[str, ...]) -> bool:
    return _plain(claims.audience) in {_plain(one) for one in audiences}


def _plain(url: str) -> str:
    """A resource is the same whether a proxy before it speaks TLS or not."""
    return url.rstrip("/").lower().replace("http://", "https://", 1)
