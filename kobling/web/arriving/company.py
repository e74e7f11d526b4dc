"""The company's own side: who it is, what its firm gets, and further permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.access.models import Access
from kobling.arriving import incoming, permitting
from kobling.hub.services import onboarding
from kobling.hub.services.onboarding import OnboardingTold
from kobling.records import SettingsError
from kobling.web.arriving.access import levels
from kobling.web.arriving.forms import AccessForm, CodeForm, CompanyForm, PersonForm, PowerForm
from kobling.web.ground.asking import Asking
from kobling.web.ground.refusing import put_on, tell_refused
from kobling.web.people.links import address

Kind = type[forms.Form]
FORMS: Mapping[str, Kind] = {
    "company": CompanyForm,
    "person": PersonForm,
    "access": AccessForm,
    "power": PowerForm,
    "ask": CodeForm,
    "take_back": forms.Form,
    "power_back": forms.Form,
}


def firm(request: Asking, client: int) -> HttpResponse:
    """Everything that a company says to its accounting firm, each part for itself."""
    told = onboarding.told_to_company(request.actor, client)
    what = request.POST.get("what", "")
    shown = {name: kind(initial=_now(told)) for name, kind in FORMS.items()}
    if what in FORMS:
        form = shown[what] = FORMS[what](request.POST)
        if form.is_valid() and _done(request, client, what, form):
            messages.success(request, _("Saved."))
            return redirect("client_firm", client)
    permissions = permitting.permissions(request.actor, client)
    context = {"told": told, "forms": shown, "permissions": permissions, "levels": levels()}
    return render(request, "arriving/firm.html", context, status=422 if what else 200)


def _now(told: OnboardingTold) -> dict[str, Any]:
    """What stands in the forms before anybody writes."""
    return {
        "country": told.country,
        "registered_number": told.registered_number,
        "title": told.person_title,
        "access": told.access or told.asked_access or Access.LIMITED.value,
    }


def _done(request: Asking, client: int, what: str, form: forms.Form) -> bool:
    actor, now, given = request.actor, request.now, form.cleaned_data
    acts: Mapping[str, Callable[[], None]] = {
        "company": lambda: onboarding.confirm_company(actor, client, given["country"], given["registered_number"], now),
        "person": lambda: onboarding.confirm_person(actor, client, given["title"], now),
        "access": lambda: onboarding.give_access(actor, client, given["access"], now),
        "power": lambda: onboarding.give_power(actor, client, given["power_name"], given["agreed"], now),
        "power_back": lambda: onboarding.take_back_power(actor, client, now),
        "ask": lambda: incoming.ask_firm(actor, client, given["code"], now, address(request, "client_invites")),
        "take_back": lambda: incoming.take_back(actor, client),
    }
    try:
        acts[what]()
    except SettingsError as refused:
        put_on(form, refused)
        return False
    return True


@require_POST
def permission(request: Asking, client: int) -> HttpResponse:
    """Ask, answer or take back, from either side's page."""
    name, what = request.POST.get("name", ""), request.POST.get("what", "")
    ours = request.POST.get("from") == "company"
    back = "client_firm" if ours else "client_onboarding_of"

    def where(for_firm: bool) -> str:
        return address(request, "client_onboarding_of" if for_firm else "client_firm", client)

    try:
        if what == "ask":
            permitting.ask(request.actor, client, name, request.now, where)
        elif what == "back":
            permitting.take_back(request.actor, client, name, request.now)
        else:
            permitting.answer(request.actor, client, name, what == "yes", request.now)
    except SettingsError as refused:
        tell_refused(request, refused)
    else:
        messages.success(request, _("Saved."))
    return redirect(back, client)
