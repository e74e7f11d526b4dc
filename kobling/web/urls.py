"""Every address; the subjects have their own lists."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from kobling.web.ground import views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("kobling.web.accounts.urls")),
    path("", include("kobling.web.clients.urls")),
    path("accounts/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
]
if settings.DEVELOPING:
    urlpatterns += [path("components/", views.components, name="components")]
handler404 = "kobling.web.ground.views.not_found"
handler403 = "kobling.web.ground.views.forbidden"
handler500 = "kobling.web.ground.views.broken"
