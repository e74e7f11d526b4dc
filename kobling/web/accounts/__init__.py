"""Signing in and out, coming in by a link, one's own access."""
