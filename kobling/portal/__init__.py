"""The list of clients: how each one stands, kept, and renewed by whatever changes it."""
