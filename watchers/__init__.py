"""The outside world drops notes in, or rings a bell; nothing here acts."""
