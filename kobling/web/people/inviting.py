"""Inviting colleagues, one by one and many at once, and answering an invitation."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from kobling.access.policy import Actor
from kobling.arriving import inviting, sheets
from kobling.hub.services import joining, people
from kobling.hub.told.said import filled
from kobling.records import NP_, SettingsError
from kobling.web.ground.asking import Asking, clock_now
from kobling.web.ground.refusing import put_on
from kobling.web.ground.undoing import back
from kobling.web.people.forms import InviteForm, NewcomerForm, PasteForm
from kobling.web.people.links import join_link

ON_THEIR_WAY = NP_("%(number)s invitation is on its way.", "%(number)s invitations are on their way.")


def invite(request: Asking) -> HttpResponse:
    """A colleague gets a link by mail."""
    firm = people.administered(request.actor)
    form = InviteForm(request.POST or None, initial={"language": request.user.language})
    if form.is_valid():
        who = inviting.Invited(**form.cleaned_data)
        try:
            inviting.invite(request.actor, firm.pk, who, request.now, join_link(request))
        except SettingsError as refused:
            put_on(form, refused)
        else:
            messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": who.email})
            return redirect("people")
    return render(request, "people/invite.html", {"form": form, "firm": firm}, status=422 if form.errors else 200)


def paste(request: Asking) -> HttpResponse:
    """Many colleagues from a sheet: shown first what happens to each line, then done to the good ones."""
    firm = people.administered(request.actor)
    form = PasteForm(request.POST or None, initial={"language": request.user.language})
    context: dict[str, object] = {"form": form, "firm": firm}
    if form.is_valid():
        text = form.cleaned_data["text"]
        if "go" not in request.POST:
            context["sheet"] = sheets.read(request.actor, firm.pk, text, request.now)
            return render(request, "people/paste.html", context)
        like = inviting.Invited("", "", form.cleaned_data["role"], form.cleaned_data["language"])
        done = sheets.invite_many(request.actor, firm.pk, text, like, request.now, join_link(request))
        messages.success(request, filled(ON_THEIR_WAY, {"number": done.invited}))
        if not done.bad:
            return redirect("people")
        form = PasteForm(initial={**form.cleaned_data, "text": done.left})
        context |= {"form": form, "sheet": sheets.read(request.actor, firm.pk, done.left, request.now)}
    return render(request, "people/paste.html", context, status=422 if form.errors else 200)


@require_POST
def send_again(request: Asking, invitation: int) -> HttpResponse:
    """A new link; the old one ends."""
    email = inviting.send_again(request.actor, invitation, request.now, join_link(request))
    messages.success(
        request, _("A new link is on its way to %(email)s. The old one no longer works.") % {"email": email}
    )
    return back(request, reverse("people"))


@require_POST
def withdraw(request: Asking, invitation: int) -> HttpResponse:
    """The link ends."""
    email = inviting.withdraw(request.actor, invitation, request.now)
    messages.success(
        request, _("The invitation to %(email)s is withdrawn. To undo it, invite again.") % {"email": email}
    )
    return back(request, reverse("people"))


@login_not_required
@sensitive_post_parameters("password")
def join(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Whoever got a link says yes: as somebody new, or with the account they have."""
    now, person = clock_now(), request.user
    told = joining.invitation(secret, now)
    form = NewcomerForm(request.POST or None, initial={"name": told.name})
    then = reverse("client_firm", args=[told.client]) if told.client else reverse("home")
    if request.method == "GET":
        joining.opened(secret, now)
    elif person.is_authenticated:
        joining.join(Actor.of(person), secret, now)
        return redirect(then)
    elif told.has_account:
        return redirect(f"{reverse('account_login')}?next={request.path}")
    elif form.is_valid():
        try:
            made = joining.accept(secret, joining.Newcomer(email=told.email, **form.cleaned_data), now)
        except SettingsError as refused:
            put_on(form, refused)
        else:
            signed_in: HttpResponseBase = perform_login(request, made, email_verification="none", redirect_url=then)
            return signed_in
    context = {"told": told, "form": form, "theirs": person.is_authenticated and _same(person.email, told.email)}
    return render(request, "people/join.html", context, status=422 if form.errors else 200)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
