"""The sandbox in a process of its own, so that its effects outlive everything that dies here.

It also leaves this process without threads, so that it may fork.
"""

from __future__ import annotations

import json
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from mcp_servers.sandbox import READY

REPOSITORY = Path(__file__).resolve().parents[2]
Effect = dict[str, Any]


class SandboxProcess:
    """A sandbox that outlives every process that dies here."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "mcp_servers.sandbox", "--until-stdin-ends"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline().strip()
        assert line.startswith(READY), line
        self.url = line.removeprefix(READY).strip()
        self._own: set[tuple[str, object]] = set()

    def effects(self) -> list[Effect]:
        """Return every change of state but those of our own preparations."""
        effects: list[Effect] = self._ask("GET", "_sandbox/effects")["effects"]
        return [e for e in effects if (e["kind"], e["payload"].get("id")) not in self._own]

    def own(self, kind: str, identifier: object) -> None:
        """Leave out of the effects what a test itself has done, as if it had been there."""
        self._own.add((kind, identifier))

    def odoo(self, model: str, method: str, *args: object) -> Any:
        """Do something in Odoo as a person does it there."""
        call = ["sandbox", 2, "sandbox", model, method, args, {}]
        params = {"service": "object", "method": "execute_kw", "args": call}
        answer = self._ask("POST", "jsonrpc", {"jsonrpc": "2.0", "id": 7, "params": params})
        assert "result" in answer, answer
        return answer["result"]

    def fault(self, service: str, mode: str, **options: object) -> None:
        self._ask("POST", "_sandbox/faults", {"service": service, "mode": mode, **options})

    def put(self, name: str, data: bytes) -> None:
        """Lay a file into the web space that Instagram fetches from."""
        connection = HTTPConnection("127.0.0.1", urlsplit(self.url).port or 0, timeout=10)
        connection.request("PUT", f"/{name}", data)
        assert connection.getresponse().status == 201
        connection.close()

    def reset(self) -> None:
        self._own.clear()
        self._ask("POST", "_sandbox/reset", {})

    def _ask(self, method: str, name: str, body: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", urlsplit(self.url).port or 0, timeout=10)
        try:
            connection.request(method, f"/{name}", json.dumps(body) if body else "{}")
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text)
        finally:
            connection.close()

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
