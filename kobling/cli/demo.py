"""demo: comes next."""
