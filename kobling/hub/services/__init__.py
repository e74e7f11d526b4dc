"""What people can do, each service taking who asks. Web, API and command line only call these."""
