"""Going somewhere: the client switcher, the palette of places and actions, and the list of keys."""
