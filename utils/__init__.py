"""What would make sense in any program: no folder, note, service or tier is known here."""
