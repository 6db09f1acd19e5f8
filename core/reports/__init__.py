"""Weekly audit and Monday briefing: facts are gathered, then turned into text by pure functions."""
