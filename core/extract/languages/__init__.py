"""One table of words for each language."""
