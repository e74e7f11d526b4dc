"""Addresses of the pages about mail. Those that stand in mails are named in ``kobling/mail/addresses.py`` too."""

from __future__ import annotations

from django.urls import path

from kobling.web.letters import operating, views

urlpatterns = [
    path("clients/notify/", views.notify_many, name="notify_many"),
    path("clients/<row:client>/notify/", views.notify, name="notify"),
    path("clients/<row:client>/notifications/", views.notifications, name="notifications"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("mail/", operating.mail, name="mail"),
    path("mail/<row:mail>/again/", operating.again, name="mail_again"),
    path("mail/folder/", operating.folder, name="mail_folder"),
    path("mail/folder/<str:name>/", operating.opened, name="mail_opened"),
    path("mail/folder/<str:name>/html/", operating.html, name="mail_html"),
]
