"""What somebody wants of a client, reminders to bookkeepers, and the end of a subscription."""

from __future__ import annotations

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from kobling.access.models import Client
from kobling.hub.services import clients, looking_after
from kobling.hub.told.said import filled
from kobling.mail import phrases
from kobling.mail.digests import preferences, unsubscribing
from kobling.mail.reminders import reminding
from kobling.portal import entered
from kobling.records import N_, NP_, SettingsError
from kobling.web.clients.chosen import chosen
from kobling.web.ground.asking import Asking, clock_now
from kobling.web.ground.refusing import put_on
from kobling.web.ground.undoing import back, next_of
from kobling.web.letters.forms import PreferencesForm, ReminderForm
from kobling.web.letters.showing import preferences_page, reminder_page


def notifications(request: Asking, client: int) -> HttpResponse:
    """What mail somebody wants of a client, and from which balance on its wallet is low."""
    found = clients.get(request.actor, client)
    told = preferences.preferences_of(request.actor, found, request.now)
    after = next_of(request, "")
    if request.method == "POST":
        form = PreferencesForm(request.POST)
        if form.is_valid() and _kept(request, found, told, form):
            return redirect(after or request.path)
    else:
        form = None
    context = {"page": preferences_page(told, form, after)}
    template = "letters/preferences.html" if request.htmx else "letters/notifications.html"
    return render(request, template, context, status=422 if form else 200)


def _kept(request: Asking, client: Client, told: preferences.Preferences, form: PreferencesForm) -> bool:
    try:
        if request.POST.get("do") == "sample":
            preferences.send_sample(request.actor, client, form.wish, request.now)
            messages.success(request, filled(N_("A sample is on its way to %(address)s."), {"address": told.address}))
            return True
        threshold = form.cleaned_data["threshold"]
        if told.may_set_threshold and threshold != told.threshold:
            entered.set_wallet_threshold(request.actor, client, threshold)
        preferences.set_preferences(request.actor, client, form.wish, request.now)
    except SettingsError as refused:
        put_on(form, refused)
        return False
    messages.success(request, filled(N_("Saved.")))
    return True


def notify(request: Asking, client: int) -> HttpResponse:
    """Remind the bookkeepers of one client."""
    return _notify(request, [client])


def notify_many(request: Asking) -> HttpResponse:
    """Remind the bookkeepers of several clients that are ticked, each of their own."""
    return _notify(request, [each.pk for each in chosen(request, looking_after.MOST)])


def _notify(request: Asking, wanted: list[int]) -> HttpResponse:
    told = reminding.outlook(request.actor, wanted)
    form = ReminderForm(request.POST or None, initial={"token": uuid4().hex})
    looks = request.POST.get("do") == "look"
    if form.is_valid() and not looks and _reminded(request, wanted, form):
        return back(request, reverse("clients"))
    wish = form.wish if form.is_bound else reminding.Wish(frozenset(each.kind for each in told.choices))
    preview = reminding.preview(request.actor, wanted, wish)
    here = (request.htmx.current_url_abs_path or "") if request.htmx else ""
    context = {"page": reminder_page(told, form, preview), "after": next_of(request, here or reverse("clients"))}
    template = "letters/notify_dialog.html" if request.htmx else "letters/notify.html"
    return render(request, template, context, status=422 if form.is_bound and not looks else 200)


def _reminded(request: Asking, wanted: list[int], form: ReminderForm) -> bool:
    try:
        done = reminding.remind(request.actor, wanted, form.wish, form.cleaned_data["token"], request.now)
    except SettingsError as refused:
        put_on(form, refused)
        return False
    sentence = NP_("%(shown)s bookkeeper is reminded.", "%(shown)s bookkeepers are reminded.")
    messages.success(request, phrases.counted(sentence, done.mails, get_language() or "en"))
    return True


@csrf_exempt
@login_not_required
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the subscription behind a link, or begin it again. A mail reader posts here itself, and is not sent on."""
    if request.method == "POST":
        ending = unsubscribing.switch(token, "again" in request.POST, clock_now())
    else:
        ending = unsubscribing.ending_of(token)
    with translation.override(ending.language):
        return render(request, "letters/unsubscribe.html", {"ending": ending, "LANGUAGE_CODE": ending.language})
