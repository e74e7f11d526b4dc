"""Django's registration of the hub room."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "kobling.hub"
    label = "hub"
