"""Which records belong together: matching by chosen rules, look-alikes, numbers compared."""
