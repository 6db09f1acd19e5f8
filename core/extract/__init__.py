"""Reads requests out of mails and papers: who wants what, for how much, until when.

Rules: pure functions, no network; every value stands literally in the text and carries its span;
what is not certain is asked, never guessed; whatever comes out is only ever a proposal.
"""
