"""Jobs that pages asked for."""
