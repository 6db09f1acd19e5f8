"""What decides: it knows notes, not networks."""
