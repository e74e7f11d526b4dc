"""Coming in by the first link, and one's own access."""

from __future__ import annotations

from allauth.account.utils import perform_login
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from kobling.hub.services import joining
from kobling.records import SettingsError
from kobling.web.accounts.forms import BeginForm, LikingForm
from kobling.web.accounts.own import Access
from kobling.web.ground.asking import Asking, clock_now
from kobling.web.ground.numbers import number_of
from kobling.web.ground.refusing import put_on


@login_not_required
@sensitive_post_parameters("password")
def begin(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The first administrator comes in by the link that the machine printed."""
    joining.open_invitation(secret, clock_now())
    form = BeginForm(request.POST or None)
    if form.is_valid():
        who = joining.Newcomer(**form.cleaned_data, language=request.LANGUAGE_CODE)
        try:
            person = joining.begin(secret, who, clock_now())
        except SettingsError as refused:
            put_on(form, refused)
        else:
            signed_in: HttpResponseBase = perform_login(request, person, email_verification="none")
            return signed_in
    return render(
        request, "accounts/begin.html", {"form": form}, status=200 if form.is_valid() or not form.is_bound else 422
    )


@login_not_required
def sign_in(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Somebody comes in by a link that the operator made; a press uses it up, so that no mail reader does."""
    person = joining.signs_in(secret, clock_now())
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"person": person.called})
    logout(request)
    joining.sign_in(secret, clock_now())
    answer: HttpResponseBase = perform_login(request, person, email_verification="none")
    return answer


def my_access(request: Asking) -> HttpResponse:
    """Passkeys, codes, sessions, language and looks of whoever asks."""
    form = LikingForm(request.POST or None, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("my_access")
    context = {"form": form, "access": Access.of(request)}
    return render(request, "accounts/my_access.html", context, status=422 if form.errors else 200)


@require_POST
def end_sessions(request: Asking) -> HttpResponse:
    """Sign out in one other place, or in all of them."""
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    one = number_of(request.POST.get("session"))
    for each in others if one is None else others.filter(pk=one):
        each.end()
    messages.success(request, _("Signed out there."))
    return redirect("my_access")
