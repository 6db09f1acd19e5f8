"""One folder per service: the only code that touches a network."""
