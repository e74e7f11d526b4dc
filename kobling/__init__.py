"""Kobling keeps business apps and accounting systems in step."""

__version__ = "0.1.0"
