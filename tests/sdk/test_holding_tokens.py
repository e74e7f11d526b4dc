"""Holding a token: when the store is asked, when a new one is fetched, and whose token is used after a race."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from kobling.records import SettingsError, SignInExpired, Unreachable
from kobling.sdk.auth import Grant, TokenHolder
from kobling.sdk.redaction import Redactor


class Store:
    """A store as the hub offers it: counts loads and refreshings; ``beaten`` is what another process stores first."""

    def __init__(self, grant=None, beaten=None):
        self.grant, self.beaten = grant, beaten
        self.loads = self.refreshings = 0
        self.saved = []

    async def load(self):
        self.loads += 1
        return self.grant

    async def save(self, old, new):
        self.saved.append((old, new))
        if self.beaten is not None:
            self.grant = self.beaten
            return False
        self.grant = new
        return True

    @asynccontextmanager
    async def refreshing(self):
        self.refreshings += 1
        yield


class Issuer:
    """Gives token-1, token-2 and so on; ``meanwhile`` runs before."""

    def __init__(self, clock, life=3600, meanwhile=None):
        self.clock, self.life, self.meanwhile, self.seen = clock, life, meanwhile, []

    async def __call__(self, grant):
        self.seen.append(grant)
        if self.meanwhile is not None:
            self.meanwhile()
        return Grant(f"token-{len(self.seen)}", int(self.clock.now().timestamp()) + self.life, "refresh-new")


def holder(issuer, clock, store, **more):
    return TokenHolder(issuer, clock=clock, redact=Redactor(), load=store.load, save=store.save, **more)


def stored(clock, token="stored-1", life=3600, refresh="refresh-0"):
    return Grant(token, int(clock.now().timestamp()) + life, refresh).data()


def token(headers):
    return headers["Authorization"].removeprefix("Bearer ")


async def test_a_stored_token_that_is_good_is_used_and_nobody_waits_for_the_lock(clock):
    store, issuer = Store(stored(clock)), Issuer(clock)
    tokens = holder(issuer, clock, store)
    assert [token(await tokens.headers()) for _ in range(3)] == ["stored-1"] * 3
    assert (store.loads, store.refreshings, issuer.seen, store.saved) == (1, 0, [], [])


@pytest.mark.parametrize(("life", "fresh"), [(121, False), (120, True), (0, True), (-5, True)])
async def test_a_stored_token_near_its_end_is_renewed_under_the_lock(clock, life, fresh):
    store, issuer = Store(stored(clock, life=life)), Issuer(clock)
    old = store.grant
    assert token(await holder(issuer, clock, store).headers()) == ("token-1" if fresh else "stored-1")
    assert store.refreshings == len(issuer.seen) == int(fresh)
    if fresh:
        assert issuer.seen == [Grant.of(old)]
        assert store.saved == [(old, store.grant)] and store.grant["access_token"] == "token-1"


async def test_without_a_stored_token_a_first_one_is_made_from_nothing(clock):
    store, issuer = Store(), Issuer(clock)
    assert token(await holder(issuer, clock, store).headers()) == "token-1"
    assert issuer.seen == [None] and store.saved == [(None, store.grant)]


async def test_a_stored_grant_without_a_token_is_renewed_however_long_it_lasts(clock):
    store, issuer = Store(stored(clock, token="")), Issuer(clock)
    assert token(await holder(issuer, clock, store).headers()) == "token-1"
    assert issuer.seen[0].refresh_token == "refresh-0"


@pytest.mark.parametrize(
    ("life", "ahead", "good"),
    [(3600, 120.0, 3480), (200, 120.0, 100), (60, 120.0, 30), (600, 120.0, 480), (60, 10, 50)],
)
async def test_a_token_is_renewed_ahead_of_its_end_and_a_short_one_after_half_its_life(clock, life, ahead, good):
    store, issuer = Store(), Issuer(clock, life=life)
    tokens = holder(issuer, clock, store, ahead=ahead)
    clock.turn(1000)
    await tokens.headers()
    loads = store.loads
    clock.turn(good - 1)
    assert token(await tokens.headers()) == "token-1" and store.loads == loads
    clock.turn(1)
    assert token(await tokens.headers()) == "token-2"


async def test_what_was_stored_while_we_waited_for_the_lock_is_used(clock):
    store, issuer = Store(), Issuer(clock)

    @asynccontextmanager
    async def refreshing():
        store.grant = stored(clock, "theirs-1")
        yield

    store.refreshing = refreshing
    assert token(await holder(issuer, clock, store).headers()) == "theirs-1" and issuer.seen == []


async def test_a_store_without_a_lock_gets_one_of_our_own(clock):
    store, issuer = Store(), Issuer(clock)

    async def load():
        return await store.load()

    tokens = TokenHolder(issuer, clock=clock, redact=Redactor(), load=load, save=store.save)
    assert token(await tokens.headers()) == "token-1" and store.refreshings == 0


async def test_without_a_store_the_token_is_kept_in_memory(clock):
    issuer = Issuer(clock)
    tokens = TokenHolder(issuer, clock=clock, redact=Redactor())
    await tokens.headers()
    clock.turn(3600)
    assert token(await tokens.headers()) == "token-2"
    assert issuer.seen[1].access_token == "token-1"


@pytest.mark.parametrize(
    ("life", "used"), [(3600, "winner"), (60, "token-1")], ids=["a good winner", "a winner that is over"]
)
async def test_whoever_stored_first_is_followed_where_that_token_is_good(clock, life, used):
    store = Store(beaten=stored(clock, "winner", life))
    assert token(await holder(Issuer(clock), clock, store).headers()) == used


async def test_a_store_that_was_emptied_meanwhile_leaves_us_our_own_token(clock):
    store = Store(beaten={})
    assert token(await holder(Issuer(clock), clock, store).headers()) == "token-1"


async def test_a_refresh_token_that_another_used_is_no_failure_where_its_token_is_good(clock):
    store = Store(stored(clock, life=0))

    async def refused(_grant):
        store.grant = stored(clock, "winner")
        raise SignInExpired("used already")

    assert token(await holder(refused, clock, store).headers()) == "winner"


@pytest.mark.parametrize("left", ["nothing", "the same", "another that is over"])
async def test_a_refused_refresh_is_told_where_nobody_has_anything_better(clock, left):
    store = Store(stored(clock, life=0))
    after = {"nothing": None, "the same": store.grant, "another that is over": stored(clock, "winner", 60)}[left]

    async def refused(_grant):
        store.grant = after
        raise SignInExpired("revoked")

    with pytest.raises(SignInExpired, match="revoked"):
        await holder(refused, clock, store).headers()
    assert store.saved == []


@pytest.mark.parametrize("error", [Unreachable("503"), SettingsError("wrong client")])
async def test_any_other_failure_is_told_as_it_is(clock, error):
    async def failing(_grant):
        raise error

    with pytest.raises(type(error)) as caught:
        await holder(failing, clock, Store(stored(clock, life=0))).headers()
    assert caught.value is error


async def test_a_rejected_token_is_never_taken_from_the_store_again(clock):
    store, issuer = Store(stored(clock)), Issuer(clock)
    tokens = holder(issuer, clock, store)
    await tokens.rejected(await tokens.headers())
    assert len(issuer.seen) == 1, "renewed at once, not with the next request"
    assert token(await tokens.headers()) == "token-1"


async def test_a_rejected_token_that_another_renewed_is_theirs_now(clock):
    store, issuer = Store(stored(clock)), Issuer(clock)
    tokens = holder(issuer, clock, store)
    used = await tokens.headers()
    store.grant = stored(clock, "theirs-1")
    await tokens.rejected(used)
    assert token(await tokens.headers()) == "theirs-1" and issuer.seen == []


async def test_a_rejected_token_is_not_replaced_by_a_grant_without_one(clock):
    store, issuer = Store(stored(clock)), Issuer(clock)
    tokens = holder(issuer, clock, store)
    used = await tokens.headers()
    store.grant = stored(clock, token="")
    await tokens.rejected(used)
    assert token(await tokens.headers()) == "token-1"


async def test_headers_that_are_not_the_latest_say_nothing_of_the_latest(clock):
    issuer = Issuer(clock)
    tokens = holder(issuer, clock, Store())
    await tokens.headers()
    await tokens.rejected({"Authorization": "Bearer older"})
    assert token(await tokens.headers()) == "token-1" and len(issuer.seen) == 1


async def test_a_rejected_token_that_cannot_be_renewed_is_told(clock):
    async def refused(_grant):
        raise SignInExpired("revoked")

    tokens = holder(refused, clock, Store(stored(clock)))
    with pytest.raises(SignInExpired):
        await tokens.rejected(await tokens.headers())


async def test_many_that_find_a_token_over_renew_it_once(clock):
    issuer = Issuer(clock)
    tokens = holder(issuer, clock, Store())
    await tokens.headers()
    clock.turn(3600)
    got = await asyncio.gather(*[tokens.headers() for _ in range(9)])
    assert {token(each) for each in got} == {"token-2"} and len(issuer.seen) == 2


async def test_tokens_that_came_from_the_store_are_hidden(clock):
    redact, store = Redactor(), Store(stored(clock))
    await TokenHolder(Issuer(clock), clock=clock, redact=redact, load=store.load, save=store.save).headers()
    assert redact("stored-1 refresh-0") == "••• •••"
