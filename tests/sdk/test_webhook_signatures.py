"""Signatures of notifications: the published example, every bound of time, and nothing that is only nearly signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from kobling.records import Refused
from kobling.sdk.webhooks import standard, timestamped

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = str(int(NOW.timestamp()))
KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"a":1}'


def signature(message: str = "m1", at: str = AT, key: bytes = KEY) -> str:
    made = hmac.new(key, f"{message}.{at}.".encode() + BODY, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def letter(message: str = "m1", at: str = AT, key: bytes = KEY, form: str = "v1,{}") -> dict[str, str]:
    try:
        signed = form.format(signature(message, at, key))
    except UnicodeEncodeError:
        signed = ""
    return {"webhook-id": message, "webhook-timestamp": at, "webhook-signature": signed}


def test_the_example_of_standard_webhooks_is_genuine() -> None:
    headers = {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    assert standard(secret, headers, b'{"test": 2432232314}', now) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("form", ["v1,{}", "v1,b2xk v1,{}", "v1,{} v2,b2xk", "v1a,x v1,{}"])
def test_one_signature_of_several_is_enough(form: str) -> None:
    assert standard(SECRET, letter(form=form), BODY, NOW) == "m1"


@pytest.mark.parametrize("form", ["", "v1,", "{}", "v1 {}", "v2,{}", "v1a,{}", "v1,{}x", "v1,x{}"])
def test_what_is_only_nearly_signed_is_refused(form: str) -> None:
    with pytest.raises(Refused) as refused:
        standard(SECRET, letter(form=form), BODY, NOW)
    assert (refused.value.code, refused.value.detail) == ("forged", "no signature fits")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_letter_that_lacks_something_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        standard(SECRET, {key: value for key, value in letter().items() if key != name}, BODY, NOW)


def test_a_letter_without_an_id_is_refused_however_well_it_is_signed() -> None:
    with pytest.raises(Refused) as refused:
        standard(SECRET, letter(message=""), BODY, NOW)
    assert refused.value.detail == "no webhook-id"


@pytest.mark.parametrize(
    "secret", ["whsec_" + "!" + SECRET.removeprefix("whsec_"), "whsec_æ", "whsec_a", SECRET + "\n"]
)
def test_a_secret_that_is_none_believes_nobody(secret: str) -> None:
    with pytest.raises(Refused) as refused:
        standard(secret, letter(), BODY, NOW)
    assert refused.value.detail == "the secret is not base64"


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_without_a_secret_nothing_is_genuine(secret: str) -> None:
    with pytest.raises(Refused):
        standard(secret, letter(key=b""), BODY, NOW)
    with pytest.raises(Refused):
        timestamped("", stamped(key=""), BODY, NOW)


def stamped(at: str = AT, key: str = "k", form: str = "t={},v1={}") -> str:
    return form.format(at, hmac.new(key.encode(), f"{at}.".encode() + BODY, hashlib.sha256).hexdigest())


@pytest.mark.parametrize("form", ["t={},v1={}", "t={}, v1={}", " t={} , v0=ab, v1={} "])
def test_a_stamped_signature_is_its_own_id(form: str) -> None:
    header = stamped(form=form)
    assert timestamped("k", header, BODY, NOW) == stamped()[-64:]


@pytest.mark.parametrize("form", ["", "t={0}", "v1={1}", "t={0},v1=", "t={0},v2={1}", "t={0};v1={1}", "t={0},v1={1}0"])
def test_a_stamped_signature_that_is_none_is_refused(form: str) -> None:
    with pytest.raises(Refused) as refused:
        timestamped("k", stamped(form=form), BODY, NOW)
    assert refused.value.code == "forged"


def test_another_key_or_body_is_refused() -> None:
    for key, body in (("other", BODY), ("k", BODY + b" ")):
        with pytest.raises(Refused):
            timestamped(key, stamped(), body, NOW)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_believed(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    assert standard(SECRET, letter(), BODY, now) == "m1"
    assert timestamped("k", stamped(), BODY, now)


FAR = [str(int(NOW.timestamp()) + off) for off in (-301, 301)]


@pytest.mark.parametrize(
    "at", [*FAR, "", "x", f"-{AT}", f"+{AT}", f" {AT}", f"{AT}.0", f"{AT[:-1]}²", "٣", "00" + AT, "9" * 5000]
)
def test_any_other_time_is_refused(at: str) -> None:
    with pytest.raises(Refused) as refused:
        standard(SECRET, letter(at=at), BODY, NOW)
    assert refused.value.detail == "its time is missing or too far away"
    with pytest.raises(Refused):
        timestamped("k", stamped(at=at), BODY, NOW)


def test_a_signature_of_strange_letters_is_refused() -> None:
    with pytest.raises(Refused):
        standard(SECRET, letter(form="v1,æøå"), BODY, NOW)
    with pytest.raises(Refused):
        timestamped("k", f"t={AT},v1=æøå", BODY, NOW)
