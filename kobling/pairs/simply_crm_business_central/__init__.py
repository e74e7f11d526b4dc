"""Simply CRM ↔ Business Central."""
