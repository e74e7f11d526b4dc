"""Every address; the subjects have their own lists."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

from kobling.web.ground import views

CLOSED = ("accounts/signup/", "accounts/3rdparty/signup/", "accounts/social/signup/", "accounts/email/")
"""Pages of allauth's for what nobody does here: signing up, and changing the address that an invitation proved."""
OURS_INSTEAD = ("accounts/2fa/", "accounts/2fa/webauthn/", "accounts/sessions/")
"""Lists of allauth's that stand together under My access."""

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("kobling.web.accounts.urls")),
    path("", include("kobling.web.letters.urls")),
    path("", include("kobling.web.arriving.urls")),
    path("", include("kobling.web.clients.urls")),
    path("", include("kobling.web.people.urls")),
    path("", include("kobling.web.home.urls")),
    path("", include("kobling.web.lists.urls")),
    path("", include("kobling.web.going.urls")),
    path("", include("kobling.web.jobs.urls")),
    path("", include("kobling.web.operating.urls")),
    *(path(each, views.closed, name="closed") for each in CLOSED),
    *(path(each, RedirectView.as_view(pattern_name="my_access"), name="ours") for each in OURS_INSTEAD),
    path("accounts/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
]
if settings.DEVELOPING:
    urlpatterns += [path("components/", views.components, name="components")]
handler404 = "kobling.web.ground.views.not_found"
handler403 = "kobling.web.ground.views.forbidden"
handler500 = "kobling.web.ground.views.broken"
