"""Pages for the person who runs the installation, and jobs that any page watches."""
