"""The people of a firm, how they come in, and what they look after."""
