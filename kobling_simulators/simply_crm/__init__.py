"""Simply CRM; in its fidelity marks §10.1 to §10.7 are the sections of the page of measured facts about invoices."""
