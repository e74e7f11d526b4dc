"""Invitations both ways: sent by the firm, and come from companies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.access.models import Stage
from kobling.arriving import incoming, inviting_clients
from kobling.hub.services import assigning, onboarding, people
from kobling.portal.tabs import Tab, tabs_of
from kobling.records import SettingsError
from kobling.web.arriving.forms import DeclineForm, InviteClientForm
from kobling.web.arriving.incoming import INCOMING
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of
from kobling.web.ground.refusing import put_on, tell_refused
from kobling.web.lists.answering import Drawn, answered, beginning
from kobling.web.people import invited
from kobling.web.people.invited import FIRST
from kobling.web.people.links import join_link


def invites(request: Asking) -> HttpResponseBase:
    """Companies that have asked the firm, the last ones that it has asked, and its code."""
    actor = request.actor
    drawn = Drawn(reverse("client_invites"), incoming.told, "arriving/incoming_list.html", "arriving/invites.html")

    def context() -> dict[str, object]:
        sent = beginning(request, invited.companies(request.now), inviting_clients.sent(actor), _sent(request), FIRST)
        # Drawn once: a firm of two hundred would be drawn anew for each row.
        choices = render_to_string("arriving/bookkeepers.html", {"bookkeepers": assigning.bookkeepers(actor)})
        told = {"invited": sent, "own": incoming.own_code(actor), "choices": choices}
        return {"tabs": tabs_of(actor), "tab": Tab.INVITES, **told}

    return answered(request, INCOMING, incoming.incoming(actor), drawn, context)


def sent(request: Asking) -> HttpResponseBase:
    """Every company that the firm has asked and that has not answered."""
    listing, everything = invited.companies(request.now), inviting_clients.sent(request.actor)
    context = {"tab": Tab.INVITES}
    return answered(request, listing, everything, _sent(request), lambda: {"tabs": tabs_of(request.actor), **context})


def _sent(request: Asking) -> Drawn:
    path = reverse("sent_invites")
    return Drawn(path, invited.rows(request.now), "people/invited_list.html", "arriving/sent_page.html")


def invite(request: Asking) -> HttpResponse:
    """A company gets a link by mail."""
    firm = people.administered(request.actor)
    form = InviteClientForm(request.POST or None, initial={"language": request.user.language})
    if form.is_valid():
        wish = inviting_clients.Wish(**form.cleaned_data)
        try:
            inviting_clients.invite_client(request.actor, firm.pk, wish, request.now, join_link(request))
        except SettingsError as refused:
            put_on(form, refused)
        else:
            messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": wish.email})
            if onboarding.doubtful(wish.country, wish.registered_number):
                messages.warning(request, _("The number does not fit its check digit."))
            return redirect("client_invites")
    return render(request, "arriving/invite.html", {"form": form, "firm": firm}, status=422 if form.errors else 200)


@require_POST
def new_code(request: Asking) -> HttpResponse:
    """A code that companies add the firm by; the old one ends."""
    firm = people.administered(request.actor)
    code = incoming.new_join_code(request.actor, firm.pk)
    messages.success(request, _("The code is now %(code)s.") % {"code": code})
    return redirect("client_invites")


@require_POST
def accept(request: Asking, client: int) -> HttpResponse:
    """The firm takes a company in, and a colleague looks after it."""
    member = number_of(request.POST.get("member")) or 0
    try:
        stage = incoming.accept(request.actor, client, member, request.now)
    except SettingsError as refused:
        tell_refused(request, refused)
        return redirect("client_invites")
    if stage is Stage.ACTIVE:
        messages.success(request, _("The client is active."))
        return redirect("clients")
    messages.success(request, _("Accepted. What is still missing stands here."))
    return redirect(reverse("client_onboarding_of", args=[client]))


def decline(request: Asking, client: int) -> HttpResponse:
    """The firm says no, with a reason."""
    told = incoming.asked_by(request.actor, client)
    form = DeclineForm(request.POST or None)
    if form.is_valid():
        incoming.decline(request.actor, client, form.cleaned_data["reason"], request.now)
        messages.success(request, _("%(name)s is declined, and told why by mail.") % {"name": told.name})
        return redirect("client_invites")
    context = {"form": form, "told": told}
    return render(request, "arriving/decline.html", context, status=422 if form.errors else 200)
