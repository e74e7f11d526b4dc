"""Reminders: an admin of a firm tells the bookkeepers of clients what is outstanding there."""
