"""What an answer's status and the vendor's own code mean, and how long a vendor asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kobling.records import (
    AlreadyThere,
    Busy,
    Misunderstood,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    StaleVersion,
    Unreachable,
)
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import (
    LONGEST_WAIT,
    ErrorTable,
    Rule,
    Words,
    build_error,
    http_date,
    json_words,
    later,
    retry_after_seconds,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (100, Misunderstood),
        (304, Misunderstood),
        (399, Misunderstood),
        (400, Refused),
        (401, SignInExpired),
        (403, SettingsError),
        (404, NotThere),
        (405, Misunderstood),
        (408, Unreachable),
        (409, AlreadyThere),
        (410, NotThere),
        (412, StaleVersion),
        (413, Refused),
        (418, Refused),
        (422, Refused),
        (423, Busy),
        (429, RateLimited),
        (499, Refused),
        (500, Unreachable),
        (501, Misunderstood),
        (502, Unreachable),
        (599, Unreachable),
    ],
)
def test_a_status_has_its_meaning(status, kind):
    assert ErrorTable().rule(status, None).kind is kind
    assert ErrorTable().rule(status, "unknown code").kind is kind


def test_a_known_code_goes_before_the_status_and_the_connectors_statuses_before_ours():
    gone, busy = Rule(NotThere, "gone"), Rule(Busy, "busy")
    table = ErrorTable(statuses={400: busy}, codes={"58": gone})
    assert table.rule(400, "58") is gone and table.rule(200, "58") is gone
    assert table.rule(400, "59") is busy and table.rule(400, None) is busy
    assert table.rule(401, None).kind is Refused


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"m": "text", "c": 7, "f": "name"}', Words("7", "text", "name")),
        (b'{"m": "text"}', Words(None, "text", None)),
        (b'{"m": ["text"], "c": null, "f": {"a": 1}}', Words(None, "", None)),
        (b"{}", Words()),
        (b"[1]", Words()),
        (b'"text"', Words()),
        (b"no json", Words()),
        (b"\xff", Words()),
    ],
)
def test_words_are_read_from_an_object_of_any_shape(body, words):
    assert json_words(text="m", code="c", field="f")(400, body) == words


def test_what_the_connector_names_no_member_for_is_not_read():
    assert json_words(text="m")(400, b'{"m": "text", "": "x", "c": 7}') == Words(None, "text", None)


def test_an_error_is_told_in_the_vendors_words_without_secrets():
    rule, redact = Rule(Refused, "%(vendor)s: %(text)s"), Redactor(["secret"])
    words = Words("58", "said secret", "name")
    error = build_error(rule, words, vendor="V", detail="GET secret", redact=redact, retry_at=NOW)
    assert (str(error), error.detail) == ("V: said ••• [GET •••]", "GET •••")
    assert (error.code, error.field, error.vendor_text) == ("58", "name", "said •••")
    assert not hasattr(error, "retry_at")


@pytest.mark.parametrize(("words", "text"), [(Words("58"), "58"), (Words(), ""), (Words("58", "x"), "x")])
def test_a_vendor_that_says_nothing_has_at_least_its_code(words, text):
    error = build_error(Rule(Refused, "%(text)s"), words, vendor="V", detail="", redact=Redactor())
    assert (error.params["text"], error.vendor_text) == (text, words.text)


def test_only_what_passes_by_itself_says_when():
    error = build_error(Rule(RateLimited, "x"), Words(), vendor="V", detail="", redact=Redactor(), retry_at=NOW)
    assert error.retry_at == NOW


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e3", None),
        ("0", 0),
        ("7", 7),
        (" 7.5 ", 7.5),
        ("7.", 7),
        ("604800", LONGEST_WAIT),
        ("604801", LONGEST_WAIT),
        ("9" * 9, LONGEST_WAIT),
        ("9" * 10, None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30),
        ("Mon, 23 Nov 2027 12:00:00 GMT", LONGEST_WAIT),
    ],
)
def test_a_pause_is_read_as_seconds_or_as_a_date_and_never_for_ever(told, seconds):
    assert retry_after_seconds(told, NOW) == seconds
    assert LONGEST_WAIT == 7 * 24 * 60 * 60


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        (None, None),
        ("", None),
        ("x", None),
        ("Mon, 23 Nov 99999 08:00:00 GMT", None),
        ("Mon, 23 Nov 2026 12:00:00 GMT", NOW),
        ("Mon, 23 Nov 2026 12:00:00 -0000", NOW),
        ("Mon, 23 Nov 2026 13:00:00 +0100", NOW),
    ],
)
def test_a_date_is_read_as_utc(told, moment):
    found = http_date(told)
    assert found == moment and (found is None or found.tzinfo is UTC)


def test_later_is_later():
    assert later(NOW, None) is None
    assert later(NOW, 0) == NOW and later(NOW, 1.5) == NOW + timedelta(seconds=1.5)
