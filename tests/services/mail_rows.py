"""The rows of ``rows.py`` for the mail room."""

from __future__ import annotations

from kobling.mail import folder, operating
from kobling.mail.digests import preferences
from kobling.mail.digests.countries import set_country
from kobling.mail.digests.preferences import Wish
from kobling.mail.digests.scope import clients_for
from kobling.mail.digests.times import Frequency
from kobling.mail.kinds import Kind
from kobling.mail.reminders import reminding
from kobling.mail.reminders.whom import administered, recipients_of
from tests.services.house import NOW
from tests.services.rows import GIVEN, IN_FIRM, OPERATOR, PURE, SEE, Row

WISH = Wish(True, Frequency.WEEKLY, frozenset(Kind))
REMIND = reminding.Wish(frozenset({Kind.ISSUES}))
PEOPLE = SEE - {"operator"}
MAIL = {
    "mail.digests.countries.set_country": Row(IN_FIRM, lambda who, h: set_country(who, h.member.firm, "SE")),
    "mail.digests.preferences.preferences_of": Row(
        PEOPLE, lambda who, h: preferences.preferences_of(who, h.client, NOW)
    ),
    "mail.digests.preferences.set_preferences": Row(
        PEOPLE, lambda who, h: preferences.set_preferences(who, h.client, WISH, NOW)
    ),
    "mail.digests.preferences.send_sample": Row(
        PEOPLE, lambda who, h: preferences.send_sample(who, h.client, WISH, NOW)
    ),
    "mail.digests.scope.clients_for": Row(SEE, lambda who, h: list(clients_for(who, h.client.pk)), shows_nothing=True),
    "mail.reminders.reminding.outlook": Row(IN_FIRM, lambda who, h: reminding.outlook(who, [h.client.pk])),
    "mail.reminders.reminding.preview": Row(IN_FIRM, lambda who, h: reminding.preview(who, [h.client.pk], REMIND)),
    "mail.reminders.reminding.remind": Row(
        IN_FIRM, lambda who, h: reminding.remind(who, [h.client.pk], REMIND, "x", NOW)
    ),
    "mail.reminders.whom.administered": Row(IN_FIRM, lambda who, h: list(administered(who, [h.client.pk]))),
    "mail.reminders.whom.recipients_of": Row(
        IN_FIRM, lambda who, h: recipients_of(who, administered(who, [h.client.pk]))
    ),
    "mail.operating.kept": Row(OPERATOR, lambda who, h: list(operating.kept(who))),
    "mail.operating.again": Row(OPERATOR, lambda who, h: operating.again(who, h.bounced.pk, NOW)),
    "mail.operating.put_test": Row(OPERATOR, lambda who, h: operating.put_test(who, "x@x.example", NOW)),
    "mail.folder.listed": Row(OPERATOR, lambda who, h: folder.listed(who)),
    "mail.folder.read": Row(OPERATOR, lambda who, h: folder.read(who, "lies-there.eml")),
}

HOLDER = "who has a mail may end what it is one of, without signing in (tests/web/test_letters.py)"
WORKERS = "a worker's own, which serves nobody in particular"
MAIL_WITHOUT_ACTOR: dict[str, str] = {
    "mail.backend.IntoTheOutbox.send_messages": "puts down what a library of ours sends",
    "mail.addresses.client": PURE,
    "mail.addresses.notifications": PURE,
    "mail.addresses.unsubscribe": PURE,
    "mail.addresses.whole": PURE,
    "mail.digests.countries.country_of": "where a firm is, for the times of digests",
    "mail.digests.due.is_due": WORKERS,
    "mail.digests.due.claim": WORKERS,
    "mail.digests.due.make": WORKERS,
    "mail.digests.gathered.gather": "of clients that scope.clients_for gave, which has asked",
    "mail.digests.made.letter_for": "asks in the name of the person whom the digest is for (scope.clients_for)",
    "mail.digests.times.next_at": PURE,
    "mail.digests.unsubscribing.token_of": PURE,
    "mail.digests.unsubscribing.ending_of": HOLDER,
    "mail.digests.unsubscribing.switch": HOLDER,
    "mail.digests.written.letter": PURE,
    "mail.drawing.drawn": PURE,
    "mail.folder.deliver": WORKERS,
    "mail.kinds.known": PURE,
    "mail.kinds.in_order": PURE,
    "mail.kinds.any_of": PURE,
    "mail.kinds.totals_of": "of clients that the caller may see",
    "mail.kinds.Totals.number": GIVEN,
    "mail.message.message_of": PURE,
    "mail.message.by_letters": PURE,
    "mail.message.sender": PURE,
    "mail.operating.MailTold.of": GIVEN,
    "mail.operating.not_set_up": "says of the whole installation that mail is not set up, and how many wait",
    "mail.operating.counted": "numbers of the whole installation, for doctor",
    "mail.outbox.put": "puts down what a service that has asked has written",
    "mail.outbox.letter_of": WORKERS,
    "mail.phrases.counted": PURE,
    "mail.phrases.outstanding": PURE,
    "mail.phrases.sums": PURE,
    "mail.phrases.listed": PURE,
    "mail.queue.is_due": WORKERS,
    "mail.queue.claim": WORKERS,
    "mail.queue.goes_out": WORKERS,
    "mail.queue.sent": WORKERS,
    "mail.queue.refused": WORKERS,
    "mail.queue.unknown": WORKERS,
    "mail.queue.failed": WORKERS,
    "mail.queue.not_now": WORKERS,
    "mail.queue.give_back": WORKERS,
    "mail.queue.nobody_else_sends": WORKERS,
    "mail.rounds.is_due": WORKERS,
    "mail.rounds.work": WORKERS,
    "mail.rounds.tidy_up": WORKERS,
    "mail.reminders.written.letter": PURE,
    "mail.reminders.written.at": PURE,
    "mail.sending.is_set_up": PURE,
    "mail.sending.send": WORKERS,
    "mail.smtp.Conversation.deliver": WORKERS,
    "mail.smtp.in_words": PURE,
    "mail.tidying.tidy": WORKERS,
}
