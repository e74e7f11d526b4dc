"""What becomes of a mail: taken, refused, tried again, unknown; each marked as it was, and no other way."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import OperationalError

from kobling.access.actors import Actor
from kobling.access.policy import NotFound
from kobling.hub.told.said import filled
from kobling.mail import folder, operating, queue, smtp
from kobling.mail.backend import IntoTheOutbox
from kobling.mail.models import Mail, State
from kobling.mail.outbox import Letter, letter_of, put
from kobling.mail.queue import LEASE, PAUSES
from kobling.mail.sending import send
from kobling.mail.tidying import CONTENT_LIVES, ROW_LIVES, tidy
from kobling.records import SettingsError
from kobling.sdk.clock import FakeClock
from tests.mail.server import Post

pytestmark = pytest.mark.django_db
WHO = Actor.operator("drift")
LINK = "https://kobling.example/join/hemmelig/"


def letter(to: str = "mette@nordkysten.example", **more: Any) -> Letter:
    return Letter(to, "Velkommen, Ærø", f"Hej Mette\n.\n..\n{LINK}\n", **more)


def sent_all(clock: FakeClock) -> bool:
    return send(clock, lambda: False)


def the_mail() -> Mail:
    return Mail.objects.get()


def test_a_mail_arrives_as_it_was_written_and_is_marked_then(post: Post, clock: FakeClock) -> None:
    html = f'<p style="color:red">{"æøå " * 400}</p>'
    unsubscribe = f"<https://kobling.example/unsubscribe/{'x' * 300}/>"
    headers = {"List-Unsubscribe": unsubscribe}
    put(letter("karen@møllebæk.example", html=html, reply_to="b@x.example", headers=headers), clock.now())
    assert sent_all(clock)
    (mail,) = post.taken
    assert (mail["To"], mail["Subject"]) == ("karen@xn--mllebk-tua3l.example", "Velkommen, Ærø")
    assert mail["List-Unsubscribe"] == unsubscribe and mail["Reply-To"] == "b@x.example"
    text, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and text.get_content().replace("\r\n", "\n") == f"Hej Mette\n.\n..\n{LINK}\n"
    assert rich is not None and rich.get_content().strip() == html
    assert (the_mail().state, the_mail().sent_at, mail["Message-ID"]) == (
        State.SENT,
        clock.now(),
        the_mail().message_id,
    )
    sent_all(clock)
    assert len(post.taken) == 1


def test_content_is_sealed_and_a_second_line_is_no_second_head(post: Post, clock: FakeClock) -> None:
    put(Letter("a@x.example", "Nyt\r\nBcc: alle@x.example", LINK, reply_to="b@x.example\nX: y"), clock.now())
    assert LINK not in the_mail().content and "hemmelig" not in the_mail().content
    sent_all(clock)
    assert post.taken[0]["Subject"] == "Nyt Bcc: alle@x.example" and post.taken[0]["Bcc"] is None


def test_another_web_key_fails_the_mail_with_words(post: Post, clock: FakeClock, settings: Any) -> None:
    put(letter(), clock.now())
    put(letter("anden@x.example"), clock.now())
    settings.SECRET_KEY = "x" * 50
    put(letter("tredje@x.example"), clock.now())
    sent_all(clock)
    assert [each["To"] for each in post.taken] == ["tredje@x.example"]
    assert Mail.objects.filter(state=State.FAILED, answer__contains="web.key").count() == 2
    assert operating.MailTold.of(Mail.objects.earliest("pk")).subject == ""


def test_the_same_once_is_put_down_once(clock: FakeClock) -> None:
    assert put(letter(), clock.now(), once="digest:1")
    assert not put(letter(), clock.now(), once="digest:1")
    assert Mail.objects.count() == 1


def test_who_is_refused_is_refused_at_once_and_nobody_is_named(post: Post, clock: FakeClock) -> None:
    post.on_rcpt = lambda to: (
        "550 5.1.1 <ukendt@x.example> no such user, ask postmaster@x.example" if "ukendt" in to else "250 OK"
    )
    for to in ("ukendt@x.example", "kendt@x.example"):
        put(letter(to), clock.now())
    sent_all(clock)
    refused = Mail.objects.get(to="ukendt@x.example")
    assert (refused.state, refused.tries, refused.next_at) == (State.REFUSED, 1, clock.now())
    assert filled(refused.answer, refused.answer_params) == ("The mail server said: 550 5.1.1 <…> no such user, ask …")
    assert Mail.objects.get(to="kendt@x.example").state == State.SENT, "over the same connection"


def test_content_that_is_refused_is_refused(post: Post, clock: FakeClock) -> None:
    post.on_data = lambda _mail: "554 5.7.1 spam"
    put(letter(), clock.now())
    sent_all(clock)
    assert the_mail().state == State.REFUSED


@pytest.mark.parametrize("when", ["rcpt", "data"])
def test_not_now_is_tried_later_each_time_and_then_has_failed(post: Post, clock: FakeClock, when: str) -> None:
    if when == "rcpt":
        post.on_rcpt = lambda _to: "450 4.2.0 greylisted"
    else:
        post.on_data = lambda _mail: "451 4.3.0 come back"
    put(letter(), clock.now())
    for number, pause in enumerate(PAUSES, 1):
        sent_all(clock)
        assert (the_mail().state, the_mail().tries) == (State.WAITING, number)
        assert the_mail().next_at == clock.now() + pause
        clock.turn(pause.total_seconds() - 1)
        sent_all(clock)
        assert the_mail().tries == number, "not before its time"
        clock.turn(1)
    assert sum(PAUSES, timedelta()) > timedelta(days=4)
    sent_all(clock)
    assert the_mail().state == State.FAILED
    sent_all(clock)
    assert the_mail().tries == len(PAUSES) + 1


def test_a_server_that_is_not_there_is_waited_for(clock: FakeClock, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    put(letter(), clock.now())
    put(letter("b@x.example"), clock.now())
    assert not sent_all(clock)
    assert {(each.state, each.tries) for each in Mail.objects.all()} == {(State.WAITING, 1)}
    assert "does not answer: Connection refused" in filled(the_first().answer, the_first().answer_params)


def the_first() -> Mail:
    return Mail.objects.earliest("pk")


def test_a_server_without_encryption_gets_nothing(post: Post, clock: FakeClock, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    put(letter(), clock.now())
    assert not sent_all(clock)
    assert (the_mail().state, post.taken) == (State.WAITING, [])
    assert "STARTTLS" in filled(the_mail().answer, the_mail().answer_params)


def test_a_server_that_closes_holds_up_one_mail_and_not_the_others(post: Post, clock: FakeClock) -> None:
    post.on_rcpt = lambda to: "421 4.7.0 too many" if "a@" in to else "250 OK"
    put(letter("a@x.example"), clock.now())
    put(letter("b@x.example"), clock.now())
    assert not sent_all(clock)
    assert (the_first().tries, Mail.objects.get(to="b@x.example").tries) == (1, 0)
    assert sent_all(clock)
    assert [each["To"] for each in post.taken] == ["b@x.example"]


def test_an_answer_that_never_came_leaves_it_unknown_and_nobody_sends_it_again(
    post: Post, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_self: smtp.Conversation) -> tuple[int, bytes]:
        end(_self)
        raise smtp.NotKnown("The connection broke")

    end = smtp.Conversation._end
    put(letter(), clock.now())
    put(letter("b@x.example"), clock.now())
    with monkeypatch.context() as broken:
        broken.setattr(smtp.Conversation, "_end", breaks)
        sent_all(clock)
    assert (the_first().state, len(post.taken)) == (State.UNKNOWN, 1)
    clock.turn(timedelta(days=5).total_seconds())
    sent_all(clock)
    assert [each["To"] for each in post.taken] == ["mette@nordkysten.example", "b@x.example"]
    assert [each.again for each in map(operating.MailTold.of, operating.kept(WHO))] == [True]


def test_who_dies_before_its_end_is_followed_and_who_dies_after_it_is_not(post: Post, clock: FakeClock) -> None:
    put(letter(), clock.now())
    ((_, turn),) = queue.claim(clock.now(), 5)
    assert not queue.claim(clock.now(), 5), "it is one worker's"
    clock.turn(LEASE.total_seconds())
    ((_, second),) = queue.claim(clock.now(), 5)
    assert not queue.goes_out(turn, clock.now()), "overtaken: its end is never sent"
    assert queue.goes_out(second, clock.now())
    clock.turn(LEASE.total_seconds())
    sent_all(clock)
    assert (the_mail().state, post.taken) == (State.UNKNOWN, [])
    assert queue.sent(second, clock.now()), "it lived after all, and heard that it was taken"
    assert the_mail().state == State.SENT


def test_a_note_that_cannot_be_written_sends_no_end(
    post: Post, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise OperationalError("disk full")

    put(letter(), clock.now())
    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(queue, "goes_out", full)
        sent_all(clock)
    assert (the_mail().state, the_mail().claimed_until, post.taken) == (State.WAITING, None, [])
    sent_all(clock)
    assert len(post.taken) == 1


def test_send_again_keeps_its_id_and_ends_older_claims(post: Post, clock: FakeClock) -> None:
    put(letter(), clock.now())
    ((_, turn),) = queue.claim(clock.now(), 1)
    queue.goes_out(turn, clock.now())
    queue.unknown(turn, queue.Answer(queue.CUT_OFF, {}), clock.now())
    told = operating.again(WHO, the_mail().pk, clock.now())
    assert (told.state, told.tries) == (State.WAITING, 0)
    assert not queue.sent(turn, clock.now()), "what is sent from now on is another try"
    sent_all(clock)
    assert post.ids == [the_mail().message_id]
    with pytest.raises(NotFound):
        operating.again(WHO, the_mail().pk, clock.now())


def test_stopping_gives_back_what_was_claimed(post: Post, clock: FakeClock) -> None:
    for number in range(3):
        put(letter(f"{number}@x.example"), clock.now())
    send(clock, lambda: len(post.taken) > 0)
    assert (len(post.taken), Mail.objects.filter(claimed_until=None, state=State.WAITING).count()) == (1, 2)
    sent_all(clock)
    assert len(post.taken) == 3


def test_without_a_server_mail_waits_and_that_is_said(clock: FakeClock, settings: Any) -> None:
    settings.EMAIL_HOST = settings.MAIL_FOLDER = ""
    assert "before anybody is invited" in operating.not_set_up().text
    put(letter(), clock.now())
    sent_all(clock)
    assert (the_mail().state, the_mail().tries) == (State.WAITING, 0)
    said = operating.not_set_up()
    assert filled(said.text, said.params) == "Mail is not set up: 1 mail waits. Set KOBLING_MAIL_HOST."


def test_a_folder_holds_each_mail_once(clock: FakeClock, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_HOST, settings.MAIL_FOLDER = "", str(tmp_path / "mails")
    put(letter(html="<p>Hej</p>"), clock.now())
    ((row, _),) = queue.claim(clock.now(), 1)
    folder.deliver(row.asked_at, row.message_id, b"it was put there, and then we were killed")
    clock.turn(LEASE.total_seconds())
    sent_all(clock)
    (found,) = folder.listed(WHO)
    assert (found.to, found.subject, the_mail().state) == ("mette@nordkysten.example", "Velkommen, Ærø", State.SENT)
    opened = folder.read(WHO, found.name)
    assert (LINK in opened.text, opened.html.strip()) == (True, "<p>Hej</p>")
    for name in ("../secrets.key", "nope.eml", ".eml"):
        with pytest.raises(NotFound):
            folder.read(WHO, name)


def test_what_libraries_send_goes_into_the_outbox(post: Post, clock: FakeClock) -> None:
    message = EmailMultiAlternatives("Ny adgangskode", LINK, to=["a@x.example", "b@x.example"])
    message.attach_alternative("<p>x</p>", "text/html")
    assert IntoTheOutbox().send_messages([message]) == 1
    assert post.taken == []
    assert sorted(str(each.to) for each in Mail.objects.all()) == ["a@x.example", "b@x.example"]
    kept = letter_of(the_first())
    assert kept is not None and (kept.text, kept.html) == (LINK, "<p>x</p>")


def test_what_is_old_goes_a_few_at_a_time(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kobling.mail.tidying.AT_ONCE", 2)
    for number in range(3):
        put(letter(f"{number}@x.example"), clock.now())
    put(letter("waits@x.example"), clock.now())
    Mail.objects.exclude(to="waits@x.example").update(state=State.SENT)
    clock.turn(CONTENT_LIVES.total_seconds() + 1)
    assert [tidy(clock.now()), tidy(clock.now()), tidy(clock.now())] == [2, 1, 0]
    assert [each.to for each in Mail.objects.exclude(content="")] == ["waits@x.example"]
    Mail.objects.filter(to="0@x.example").update(state=State.REFUSED)
    with pytest.raises(SettingsError):
        operating.again(WHO, Mail.objects.get(to="0@x.example").pk, clock.now())
    clock.turn((ROW_LIVES - CONTENT_LIVES).total_seconds())
    while tidy(clock.now()):
        pass
    assert [each.to for each in Mail.objects.all()] == ["waits@x.example"]


def test_the_sentence_of_an_answer_has_no_line_of_its_own() -> None:
    assert smtp.in_words(550, b"5.1.1 a@x.example\r\nsecond\tline") == "550 5.1.1 … second line"
