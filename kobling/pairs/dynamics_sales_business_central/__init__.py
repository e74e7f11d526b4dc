"""Dynamics 365 Sales ↔ Business Central."""
