"""Pages as a client asks for them."""
