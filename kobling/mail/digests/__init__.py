"""Digests: who wants one of which clients and when, and how it is made of the kept figures."""
