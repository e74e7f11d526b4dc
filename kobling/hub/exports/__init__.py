"""What goes into a file, and what is left out of it with its reason."""
