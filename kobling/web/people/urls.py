"""Addresses of the people's pages."""

from __future__ import annotations

from django.urls import path

from kobling.web.people import assigning, inviting, views

urlpatterns = [
    path("people/", views.colleagues, name="people"),
    path("people/invited/", views.invited_colleagues, name="invited_colleagues"),
    path("people/roles/", views.roles, name="people_roles"),
    path("people/security/", views.security, name="people_security"),
    path("people/invite/", inviting.invite, name="invite_colleague"),
    path("people/paste/", inviting.paste, name="paste_colleagues"),
    path("people/<row:member>/role/", views.set_role, name="set_role"),
    path("people/<row:member>/remove/", views.remove, name="remove_colleague"),
    path("people/<row:member>/clients/", assigning.clients, name="colleague_clients"),
    path("people/<row:member>/hand-over/", assigning.hand_over, name="hand_over"),
    path("invitations/<row:invitation>/again/", inviting.send_again, name="invitation_again"),
    path("invitations/<row:invitation>/withdraw/", inviting.withdraw, name="invitation_withdraw"),
    path("join/<str:secret>/", inviting.join, name="join"),
    path("second-factor/", views.second_factor, name="second_factor"),
]
