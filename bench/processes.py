"""What the kernel says about a process: memory, CPU time, children. Linux only."""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")


def is_supported() -> bool:
    """Return whether this system tells memory and CPU time of processes."""
    return (PROC / "self" / "smaps_rollup").exists()


def pss_mb(pid: int) -> float:
    """Return a process's proportional set size in MB: its own pages plus its share of others."""
    return _rollup_kb(pid, "Pss") / 1024


def private_mb(pid: int) -> float:
    """Return the memory that would be free if the process ended, in MB."""
    return (_rollup_kb(pid, "Private_Clean") + _rollup_kb(pid, "Private_Dirty")) / 1024


def _rollup_kb(pid: int, name: str) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def peak_mb(pid: int) -> float:
    """Return the most resident memory that a process ever had, in MB."""
    for line in (
        (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace").split("\n")
    ):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that all threads of a process have used, to the microsecond.

    Threads that have ended are not counted; the daemon's live as long as it does.
    """
    total_ns = 0
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            total_ns += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        except OSError:
            continue  # the thread has ended meanwhile
    return total_ns / 1e9


def waited_s(pid: int) -> float:
    """Return how long a process's main thread was ready to run but had no core: others' load."""
    fields = (PROC / str(pid) / "task" / str(pid) / "schedstat").read_text(encoding="ascii").split()
    return int(fields[1]) / 1e9


def children(pid: int) -> list[int]:
    """Return the living direct children of a process."""
    found: list[int] = []
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def servers(pid: int) -> dict[str, int]:
    """Return the MCP servers that a daemon has started: pid by service."""
    return {
        word.removeprefix("mcp_servers."): child
        for child in children(pid)
        for word in _words(child)
        if word.startswith("mcp_servers.")
    }


def watcher(pid: int) -> int | None:
    """Return the pid of a daemon's mail watcher, None when it has none."""
    return next((child for child in children(pid) if "watch" in _words(child)), None)


def _words(pid: int) -> list[str]:
    try:
        data = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []  # it has ended meanwhile
    return data.decode(errors="replace").split("\0")
