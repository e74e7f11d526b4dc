"""Django's registration of the portal room."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "kobling.portal"
    label = "portal"
