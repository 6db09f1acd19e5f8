"""The commands, a module for each purpose; `orchestrator.py` lists them.

Rules:
- a command asks `core` and shows the answer; it decides nothing itself,
- heavy libraries are imported inside the command that needs them, so that the idle daemon and
  quick commands never load them.
"""
