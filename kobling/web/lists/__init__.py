"""The one list mechanism: what a list can show is declared, what is asked for stands in the URL."""
