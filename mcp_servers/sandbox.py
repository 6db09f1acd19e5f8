"""All fakes on one loopback port, with an administration for faults and effects.

Rules: it listens on 127.0.0.1 only and talks to nobody; any credentials that are not empty are
accepted; the seeds are the same every time; nothing but the announced lines goes to stdout.
A lock makes every request whole; a fault is used up by a request that matches it only.

Administration (JSON; what cannot be used is answered 400 with `{"error": sentence}`):

- `GET /_sandbox/effects`: `{"effects": [{seq, service, kind, at, key, payload}], "requests": {}}`.
- `POST /_sandbox/faults`: `{service, mode, times, match, seconds}`, see `mcp_servers.fakes.Fault`.
- `POST /_sandbox/reset`: seeds again, without effects, counts and faults.
- `POST /_sandbox/mail`: `{from, to, subject, text, html, date, attachments: [{name, base64}]}` lets
  a mail come in, see `mcp_servers.email.fake_seeds.composed`; it is no effect, since nobody here
  made it.
- `POST /_sandbox/comments`: `{service, from, text, below}` lets somebody comment on a post of
  Facebook or Instagram or mention the account on X, see `mcp_servers.fakes.Comment`; no effect too.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mcp_servers.email.fake import EmailFake
from mcp_servers.facebook.fake import FacebookFake
from mcp_servers.fakes import Fake, Fault, FaultMode, Request, Response, World, comment_of, fault_of
from mcp_servers.instagram.fake import InstagramFake
from mcp_servers.instagram.fake_space import SpaceFake
from mcp_servers.loopback import ADDRESS, Loopback
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.twitter.fake import TwitterFake
from utils.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

FAKES: tuple[type[Fake], ...] = (
    *(OdooFake, TwitterFake, EmailFake),
    *(InstagramFake, FacebookFake),  # in this order: what is not Instagram's is the page's
    SpaceFake,
)
"""One row per service; the first one whose routes match a path answers it."""
PUBLIC = (FacebookFake, InstagramFake, TwitterFake)
"""Where others say something in public."""

READY = "sandbox ready"
"""How the first line begins; the address follows."""


class Sandbox:
    """The fakes, listening while the `with` block runs.

    Args:
        port: where to listen; 0 takes a free port.
        clock: gives the time of effects and of new records.
        vault: whose `Attachments/` are the practice web space.

    Raises:
        OSError: the port is taken (on entering).
    """

    def __init__(
        self, port: int = 0, clock: Clock | None = None, vault: Path | None = None
    ) -> None:
        self._port = port
        self._world = World(clock or SystemClock(), vault)
        self._fakes: tuple[Fake, ...] = tuple(row(self._world) for row in FAKES)
        self._server: Loopback | None = None
        self._thread: threading.Thread | None = None
        self.closing = threading.Event()
        self._go_on = threading.Event()

    def __enter__(self) -> Self:
        self.closing.clear()
        self._server = Loopback(self._port, self.answer, self.closing)
        self._thread = threading.Thread(target=self._server.accept, name="sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Return the root that all services share.

        Raises:
            RuntimeError: it is not listening.
        """
        if self._server is None:
            raise RuntimeError("the sandbox listens inside its with block only")
        return f"http://{ADDRESS}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening and end every connection, slow answers included."""
        if self._server is None or self._thread is None:
            return
        self.closing.set()
        self.release()
        self._server.wake()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def settings(self) -> dict[str, str]:
        """Return the settings under which every service is live against this sandbox."""
        return _settings(self._fakes, self.url)

    def effects(self) -> list[dict[str, Any]]:
        """Return every change of state, oldest first."""
        return self._world.effects()

    def requests(self) -> dict[str, int]:
        """Return the number of requests of each service, 0 included."""
        return {fake.service: 0 for fake in self._fakes} | self._world.requests()

    def fault(
        self,
        service: str,
        mode: str,
        *,
        times: int = 1,
        match: str | None = None,
        seconds: float = 5.0,
    ) -> Fault:
        """Let something go wrong; the arguments are those of `mcp_servers.fakes.Fault`.

        Raises:
            ValueError: an argument cannot be used.
        """
        values = {"service": service, "mode": mode, "times": times}
        return self._add_fault({**values, "match": match, "seconds": seconds})

    def release(self) -> None:
        """Let everything slow that waits now go on at once."""
        waiting, self._go_on = self._go_on, threading.Event()
        waiting.set()

    def reset(self) -> None:
        """Go back to the seeds; effects, counts and faults are forgotten."""
        with self._world.lock:
            self._world.clear()
            for fake in self._fakes:
                fake.reset()

    def answer(self, request: Request) -> Response | None:
        """Return what a request is answered, None to drop the connection."""
        if request.path.startswith("/_sandbox/"):
            return self._administer(request)
        fake = next((fake for fake in self._fakes if fake.routes.match(request.path)), None)
        if fake is None:
            return Response.of({"error": f"No fake answers {request.path}."}, 404)
        with self._world.lock:
            self._world.count(fake.service)
            kind = fake.kind(request)
            fault = self._world.take_fault(fake.service, kind)
        return self._act(fake, request, fault)

    def _act(self, fake: Fake, request: Request, fault: Fault | None) -> Response | None:
        slow = fault is not None and fault.mode is FaultMode.SLOW
        go_on = self._go_on  # before asking whether it closes: `close` sets the one we hold
        if fault is not None and slow and not self.closing.is_set():
            go_on.wait(fault.seconds)
        if slow and self.closing.is_set():
            return None
        with self._world.lock:
            answer = None
            if fault is None or fault.mode.acts:
                answer = fake.handle(request) or Response.page("404 Not Found", 404)
            if fault is None or slow:
                return answer
            return None if fault.mode.drops else fake.fail(fault, request)

    def _add_fault(self, value: object) -> Fault:
        fault = fault_of(value, tuple(fake.service for fake in self._fakes))
        self._world.add_fault(fault)
        return fault

    def _receive(self, mail: Any) -> Any:
        mailbox = next(fake for fake in self._fakes if isinstance(fake, EmailFake))
        return mailbox.receive(mail)

    def _hear(self, value: Any) -> Any:
        by_name = {fake.service: fake for fake in self._fakes if isinstance(fake, PUBLIC)}
        comment = comment_of(value, tuple(by_name))
        return by_name[comment.service].hear(comment)

    def _let_in(self, take: Callable[[Any], Any], request: Request) -> Response:
        """Let something come from outside; what cannot be used is answered in a sentence."""
        try:
            with self._world.lock:
                return Response.of(take(request.json))
        except ValueError as error:
            return Response.of({"error": str(error)}, 400)

    def _administer(self, request: Request) -> Response:
        match request.method, request.path.removeprefix("/_sandbox/"):
            case "GET", "effects":
                with self._world.lock:
                    return Response.of({"effects": self.effects(), "requests": self.requests()})
            case "POST", "faults":
                try:
                    fault = self._add_fault(request.json)
                except ValueError as error:
                    return Response.of({"error": str(error)}, 400)
                return Response.of({"fault": vars(fault)})
            case "POST", "reset":
                self.reset()
                return Response.of({"reset": True})
            case "POST", "mail":
                return self._let_in(self._receive, request)
            case "POST", "comments":
                return self._let_in(self._hear, request)
            case method, ("effects" | "faults" | "reset" | "mail" | "comments") as name:
                return Response.of({"error": f"/_sandbox/{name} does not take {method}."}, 405)
            case _, name:
                return Response.of({"error": f"There is no /_sandbox/{name}."}, 404)


def _settings(fakes: Sequence[Fake], url: str) -> dict[str, str]:
    settings = {"DRY_RUN": "false"}
    for fake in fakes:
        settings |= fake.settings(url)
    return settings | {"RECONCILE_LIMIT_S": "2", "READ_PAUSE_S": "0.01"}


def settings_of(url: str) -> dict[str, str]:
    """Return the settings under which every service is live against a sandbox elsewhere."""
    world = World(SystemClock())
    return _settings([fake(world) for fake in FAKES], url)


def _wait_for_end(stop: threading.Event) -> None:
    """Ask the sandbox to end when whoever started it is gone."""
    while sys.stdin.readline():
        pass
    stop.set()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sandbox until SIGTERM or Ctrl-C.

    Args:
        argv: the arguments after the program's name; None takes the process's own.

    Returns:
        The exit code: 0, or 2 when the port cannot be used.
    """
    parser = argparse.ArgumentParser(prog="sandbox", description="Play every service on loopback.")
    parser.add_argument("--port", type=int, default=0, help="where to listen (default: any free)")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="end when standard input does"
    )
    parser.add_argument(
        "--vault", type=Path, help="its Attachments are the web space that Instagram fetches from"
    )
    arguments = parser.parse_args(argv)
    port: int = arguments.port
    vault: Path | None = arguments.vault
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as running:
        try:
            sandbox = running.enter_context(Sandbox(port, vault=vault))
        except (OSError, OverflowError) as error:
            sys.stderr.write(f"sandbox: cannot listen on port {port} ({error}); take another.\n")
            return 2
        lines = [f"{READY} {sandbox.url}"]
        lines += [f"{name}={value}" for name, value in sandbox.settings().items()]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        if arguments.until_stdin_ends:
            threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
