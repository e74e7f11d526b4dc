"""Clients on their way in, from either side, and the agreement between a company and its firm."""
