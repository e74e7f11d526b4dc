"""What the person who runs an installation sees of it: what is kept or cheap to ask, and nothing that is guessed."""
