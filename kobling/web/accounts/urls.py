"""Addresses of the accounts' own pages; allauth's stand beside them."""

from __future__ import annotations

from django.urls import path

from kobling.web.accounts import views

urlpatterns = [
    path("begin/<str:secret>/", views.begin, name="begin"),
    path("sign-in/<str:secret>/", views.sign_in, name="sign_in_by_link"),
    path("my-access/", views.my_access, name="my_access"),
    path("my-access/sessions/end/", views.end_sessions, name="end_sessions"),
]
