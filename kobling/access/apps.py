"""Django's registration of the access room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "kobling.access"
    label = "access"
