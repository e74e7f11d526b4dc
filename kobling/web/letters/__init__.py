"""Pages about mail: what somebody wants, reminders, the end of a subscription, the operator’s view of it all."""
