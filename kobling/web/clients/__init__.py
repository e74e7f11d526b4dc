"""The list of clients that a firm opens in the morning."""
