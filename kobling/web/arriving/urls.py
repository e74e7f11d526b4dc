"""Addresses of clients on their way in; they stand before those of the list, whose tabs they are."""

from __future__ import annotations

from django.urls import path

from kobling.web.arriving import archive, company, lists, moving, onboarding, views

urlpatterns = [
    path("clients/invite/", views.invite, name="invite_client"),
    path("clients/invite/list/", lists.take_list, name="invite_clients"),
    path("clients/import/", moving.bring, name="import_client"),
    path("clients/import/<row:job>/", moving.take_in, name="take_client_in"),
    path("clients/<row:client>/export/", moving.export, name="export_client"),
    path("clients/invites/", views.invites, name="client_invites"),
    path("clients/invites/sent/", views.sent, name="sent_invites"),
    path("clients/invites/code/", views.new_code, name="new_join_code"),
    path("clients/onboarding/", onboarding.listed, name="client_onboarding"),
    path("clients/onboarding/<row:client>/", onboarding.listed, name="client_onboarding_of"),
    path("clients/archived/", archive.listed, name="client_archive"),
    path("clients/<row:client>/archive/", archive.archive, name="archive_client"),
    path("clients/<row:client>/bring-back/", archive.bring_back, name="bring_back_client"),
    path("clients/<row:client>/accept/", views.accept, name="accept_client"),
    path("clients/<row:client>/decline/", views.decline, name="decline_client"),
    path("clients/<row:client>/remind/", onboarding.remind, name="remind_client"),
    path("clients/<row:client>/bookkeeper/", onboarding.bookkeeper, name="client_bookkeeper"),
    path("clients/<row:client>/permissions/", company.permission, name="client_permission"),
    path("clients/<row:client>/firm/", company.firm, name="client_firm"),
]
