"""A reminder as a letter to one bookkeeper, in their language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from kobling.access.models import Client
from kobling.hub.told.said import filled
from kobling.mail import addresses, phrases
from kobling.mail.drawing import drawn
from kobling.mail.kinds import Kind, Totals
from kobling.mail.outbox import Letter
from kobling.mail.reminders.whom import Recipient
from kobling.portal.clients import Figures
from kobling.portal.models import ClientFigures
from kobling.records import N_, NP_


@dataclass(frozen=True, slots=True)
class Sender:
    """Who reminds, and where answers go."""

    name: str
    address: str


def letter(sender: Sender, to: Recipient, kinds: Collection[Kind], comment: str) -> Letter | None:
    """The finished letter, of those of their clients where something of it is outstanding; None where it is nowhere."""
    language = to.person.language
    with translation.override(language):
        told = [(each, what) for each in to.clients if (what := _outstanding(each, kinds, language))]
        if not told:
            return None
        context = _context(sender, to, told, comment)
        return Letter(
            to.person.email,
            context["subject"],
            _as_text(context),
            drawn("reminder.html", context),
            reply_to=sender.address,
        )


def at(client: Client, kinds: Collection[Kind]) -> bool:
    """Whether any of it is outstanding at the client."""
    return bool(_outstanding(client, kinds, "en"))


def _outstanding(client: Client, kinds: Collection[Kind], language: str) -> list[str]:
    figures = Figures.of(getattr(client, "figures", None) or ClientFigures(client=client))
    totals = Totals(
        figures.missing_receipts or 0,
        figures.ready_count or 0,
        figures.open_issues,
        int(figures.low_balance),
        ((figures.ready_currency, figures.ready_sum),) if figures.ready_sum else (),
    )
    return phrases.outstanding(totals, kinds, language, phrases.SUM_BESIDE)


def _context(sender: Sender, to: Recipient, told: list[tuple[Client, list[str]]], comment: str) -> dict[str, Any]:
    language, first = to.person.language, told[0][0]
    if len(told) == 1:
        subject = phrases.counted(
            NP_("%(client)s: %(shown)s thing waits", "%(client)s: %(shown)s things wait"),
            len(told[0][1]),
            language,
            client=first.name,
        )
        sentence = N_("%(who)s reminds you that %(client)s has %(what)s.")
        said = filled(sentence, {"who": sender.name, "client": first.name, "what": phrases.listed(told[0][1])})
        button = filled(N_("Open the client in Kobling")), addresses.whole(addresses.client(first.pk))
    else:
        sentence = NP_("%(shown)s client is waiting for you", "%(shown)s clients are waiting for you")
        subject = phrases.counted(sentence, len(told), language)
        said = filled(N_("%(who)s reminds you of what is outstanding at these clients:"), {"who": sender.name})
        button = filled(N_("Open your clients")), addresses.whole(addresses.CLIENTS)
    answers = N_("Answers to this mail go to %(who)s.") if sender.address else N_("Nobody reads answers to this mail.")
    return {
        "language": language,
        "subject": subject,
        "greeting": filled(N_("Hello %(name)s."), {"name": to.person.first_name or to.person.called}),
        "said": said,
        "lines": [] if len(told) == 1 else [_line(*each) for each in told],
        "comment": [filled(N_("“%(comment)s”"), {"comment": comment})] if comment else [],
        "button": button,
        "foot": filled(answers, {"who": sender.name}),
    }


def _line(client: Client, what: list[str]) -> dict[str, str]:
    link = addresses.whole(addresses.client(client.pk))
    return {"name": client.name, "link": link, "what": phrases.listed(what)}


def _as_text(told: dict[str, Any]) -> str:
    lines, comment, button = told["lines"], told["comment"], told["button"]
    listed = "\n".join(f"- {each['name']}: {each['what']}" for each in lines)
    parts = [told["greeting"], told["said"], listed, *comment, ": ".join(button), told["foot"]]
    return "\n\n".join(str(each) for each in parts if each) + "\n"
