"""Gmail as the sandbox plays it: one mailbox of `owner@sandbox.example` kept in memory.

Rules: answers and errors have Gmail's shapes; what is not played is refused, 404 for a path and 400
for a parameter. Any sign-in that is not empty is accepted, but the practice sign-in for reading may
not write. A draft that is sent vanishes and a mail with another id appears in Sent.

Sources: the discovery document gmail:v1 20261005 (paths, methods, names, shapes);
developers.google.com/workspace/gmail/api/guides/handle-errors and .../guides/sync (errors, 404 of
an old history id); RFC 6749 5.2 (the token endpoint's errors). Read 2026-11; none of it was
compared with a real account.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from mcp_servers.email import fake_seeds
from mcp_servers.email.fake_errors import (
    BROKEN,
    INVALID_GRANT,
    NO_RIGHT,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    Answer,
    RefusedError,
    error,
    invalid,
)
from mcp_servers.email.fake_mailbox import (
    FIRST_HISTORY_ID,
    OWNER,
    MailStore,
    QueryError,
    Stored,
    shown_header,
)
from mcp_servers.email.fake_requests import (
    ROOT,
    UPLOAD,
    draft_in,
    mail_in,
    member,
    user_of,
    words_of,
)
from mcp_servers.email.fake_shapes import ShapeError, file_of, files_of, ids, page, shown_mail
from mcp_servers.email.identity import KEY_IN_MESSAGE_ID
from mcp_servers.fakes import Fault, FaultMode, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_servers.fakes import Json, World

LIMIT_SENT_BYTES = 25 * 1024 * 1024
"""Source: support.google.com/mail/answer/6584."""
TOKEN = "/token"  # noqa: S105 a path, no secret
HERE = Path(__file__).parent
PRACTICE_FILES = {
    "GMAIL_TOKEN_FILE": HERE / "practice_read.json",
    "GMAIL_SEND_TOKEN_FILE": HERE / "practice_send.json",
}
READ_ONLY_TOKEN = "practice-read"  # noqa: S105 begins the practice sign-in for reading
LIFETIME_S = 3599


class EmailFake:
    """The owner's mailbox.

    Args:
        world: receives the effects and gives the time.
    """

    service = "email"
    routes = re.compile(rf"(?:{UPLOAD})?{ROOT}|{TOKEN}$")

    def __init__(self, world: World) -> None:
        self._world = world
        self.store = MailStore(world.clock)
        self.reset()

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings that make the real client use this fake."""
        files = {name: str(path) for name, path in PRACTICE_FILES.items()}
        return {"EMAIL_LIVE": "true", "GMAIL_API_URL": url, **files}

    def reset(self) -> None:
        """Go back to the seeded mails; older history is forgotten."""
        self.store = MailStore(self._world.clock)
        for raw, labels, received in fake_seeds.seeded():
            self.store.add(raw, labels, None, received)
        self.store.history.clear()
        self.store.history_id = FIRST_HISTORY_ID

    def receive(self, mail: Json) -> dict[str, Json]:
        """Let a mail come in, as `POST /_sandbox/mail` describes it.

        Raises:
            ValueError: it describes no mail; the message is a sentence for a person.
        """
        now = self._world.clock.now()
        message, received = fake_seeds.composed(mail, now, self.store.made)
        stored = self.store.add(message.as_bytes(), fake_seeds.labels_of(mail), None, received)
        return ids(stored) | {"message_id": stored.header("Message-ID")}

    # -- the fake itself ------------------------------------------------------------------------

    def kind(self, request: Request) -> str:
        """Return the action's kind for what makes or sends a mail, else `email.model.method`."""
        if request.path == TOKEN:
            return "email.token"
        words = words_of(request)
        match request.method, *words:
            case "POST", "drafts":
                return "email.create_draft"
            case "POST", "drafts", "send":
                return self._kind_of_sending(request)
            case "POST", "messages", "send":
                return "email.send_email"
        model = words[0] if words else "users"
        method = {"GET": "get", "PUT": "update", "DELETE": "delete"}.get(request.method, "post")
        is_list = method == "get" and len(words) == 1 and model != "profile"
        return f"email.{model}.{'list' if is_list else method}"

    def _kind_of_sending(self, request: Request) -> str:
        body = request.json if isinstance(request.json, dict) else {}
        mail = self.store.mails.get(self.store.drafts.get(str(body.get("id")), ""))
        is_reply = mail is not None and mail.header("In-Reply-To") != ""
        return "email.reply_to_email" if is_reply else "email.send_email"

    def handle(self, request: Request) -> Response | None:
        """Act on a request."""
        try:
            status, body = self._token(request) if request.path == TOKEN else self._route(request)
        except RefusedError as refused:
            status, body = refused.answer
        except (QueryError, ShapeError) as wrong:
            status, body = invalid(str(wrong)).answer
        except LookupError:
            status, body = NOT_FOUND
        return Response(204, b"") if status == 204 else Response.of(body, status)

    def fail(self, fault: Fault, request: Request) -> Response:
        """Return the answer of a fault in Google's own shape."""
        is_token = request.path == TOKEN
        match fault.mode:
            case FaultMode.GARBAGE:
                return Response.page("Sorry...", 200)
            case FaultMode.HTTP_429:
                status, body = TOO_MANY
                return Response.of(body, status, {"Retry-After": str(math.ceil(fault.seconds))})
            case FaultMode.AUTH_EXPIRED:
                status, body = INVALID_GRANT if is_token else UNAUTHENTICATED
            case _:
                status, body = (500, {"error": "internal_failure"}) if is_token else BROKEN
        return Response.of(body, status)

    # -- requests -------------------------------------------------------------------------------

    def _token(self, request: Request) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") == "authorization_code" and form.get("code"):
            refresh = "practice-signed-in-refresh"
        elif form.get("grant_type") == "refresh_token":
            refresh = form.get("refresh_token", "")
        else:
            return 400, {"error": "unsupported_grant_type"}
        if not refresh or "revoked" in refresh:
            return INVALID_GRANT
        return 200, {
            "access_token": f"{refresh.removesuffix('-refresh')}-renewed",
            "refresh_token": refresh,
            "expires_in": LIFETIME_S,
            "token_type": "Bearer",
        }

    def _route(self, request: Request) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return UNAUTHENTICATED
        if user_of(request) not in {"me", OWNER}:
            return error(403, f"Delegation denied for {OWNER}", "forbidden", "PERMISSION_DENIED")
        if request.method != "GET" and token.startswith(READ_ONLY_TOKEN):
            return NO_RIGHT
        words = words_of(request)
        act = (
            self._reading(words)
            if request.method == "GET"
            else self._writing(request.method, words)
        )
        return NOT_FOUND if act is None else act(request)

    def _reading(self, words: list[str]) -> Callable[[Request], Answer] | None:
        lists = {
            "profile": self._profile,
            "messages": self._list_messages,
            "drafts": self._list_drafts,
            "history": self._list_history,
            "labels": lambda _: (200, {"labels": [_label(name) for name in LABELS]}),
        }
        match words:
            case [name]:
                return lists.get(name)
            case ["messages", mail_id]:
                return lambda request: (200, shown_mail(self._mail(mail_id), request.query))
            case ["messages", mail_id, "attachments", part]:
                return lambda _: (200, file_of(self._mail(mail_id), part))
            case ["drafts", draft_id]:
                return lambda request: (200, self._draft(draft_id, request.query))
            case ["threads", thread_id]:
                return lambda request: (200, self._thread(thread_id, request.query))
        return None

    def _writing(self, method: str, words: list[str]) -> Callable[[Request], Answer] | None:
        match method, *words:
            case "POST", "drafts":
                return self._create_draft
            case "POST", "drafts", "send":
                return self._send_draft
            case "POST", "messages", "send":
                return self._send_message
            case "PUT", "drafts", draft_id:
                return lambda request: self._update_draft(draft_id, request)
            case "DELETE", "drafts", draft_id:
                return lambda _: self._delete_draft(draft_id)
        return None

    def _mail(self, identifier: str) -> Stored:
        mail = self.store.mails.get(identifier)
        if mail is None:
            raise RefusedError(NOT_FOUND)
        return mail

    def _profile(self, request: Request) -> Answer:
        del request
        mails = self.store.mails.values()
        return 200, {
            "emailAddress": OWNER,
            "messagesTotal": len(mails),
            "threadsTotal": len({mail.thread_id for mail in mails}),
            "historyId": str(self.store.history_id),
        }

    def _list_messages(self, request: Request) -> Answer:
        query = request.query
        labels = [query["labelIds"]] if query.get("labelIds") else []
        everywhere = query.get("includeSpamTrash") == "true"
        found = self.store.find(query.get("q", ""), labels, all_places=everywhere)
        rows, more = page([ids(mail) for mail in found], query)
        listed = {"messages": rows} if rows else {}
        return 200, {**listed, **more, "resultSizeEstimate": len(found)}

    def _list_drafts(self, request: Request) -> Answer:
        found = {mail.id: mail for mail in self.store.find(request.query.get("q", ""), ["DRAFT"])}
        drafts = [
            {"id": draft_id, "message": ids(found[mail_id])}
            for draft_id, mail_id in reversed(self.store.drafts.items())
            if mail_id in found
        ]
        rows, more = page(drafts, request.query)
        listed = {"drafts": rows} if rows else {}
        return 200, {**listed, **more, "resultSizeEstimate": len(drafts)}

    def _draft(self, draft_id: str, query: Mapping[str, str]) -> dict[str, Json]:
        mail = self._mail(self.store.drafts.get(draft_id, ""))
        return {"id": draft_id, "message": shown_mail(mail, query)}

    def _thread(self, thread_id: str, query: Mapping[str, str]) -> dict[str, Json]:
        mails = [mail for mail in self.store.mails.values() if mail.thread_id == thread_id]
        if not mails:
            raise RefusedError(NOT_FOUND)
        shown = [shown_mail(mail, query) for mail in mails]
        return {"id": thread_id, "historyId": str(mails[-1].history_id), "messages": shown}

    def _list_history(self, request: Request) -> Answer:
        query = request.query
        since = query.get("startHistoryId", "")
        if not since.isdecimal():
            raise invalid("Invalid startHistoryId")
        if int(since) < FIRST_HISTORY_ID:
            return NOT_FOUND
        wanted = {"messageAdded": "messagesAdded", "messageDeleted": "messagesDeleted"}
        kind = wanted.get(query.get("historyTypes", ""))
        label = query.get("labelId")
        records = []
        for number, what, mail_id in self.store.history:
            mail = self.store.mails.get(mail_id)
            kept = mail is not None and (not label or label in mail.labels)
            if number > int(since) and kind in {None, what} and mail is not None and kept:
                message = {**ids(mail), "labelIds": sorted(mail.labels)}
                records.append(
                    {"id": str(number), "messages": [ids(mail)], what: [{"message": message}]}
                )
        rows, more = page(records, query)
        listed = {"history": rows} if rows else {}
        return 200, {**listed, **more, "historyId": str(self.store.history_id)}

    # -- changes --------------------------------------------------------------------------------

    def _create_draft(self, request: Request) -> Answer:
        raw, thread_id = draft_in(request)
        self._check_thread(thread_id)
        draft_id = self.store.add_draft(raw, thread_id)
        mail = self.store.mails[self.store.drafts[draft_id]]
        self._record("email.create_draft", mail, draft_id, draft_id)
        return 200, {"id": draft_id, "message": ids(mail) | {"labelIds": ["DRAFT"]}}

    def _update_draft(self, draft_id: str, request: Request) -> Answer:
        self._draft(draft_id, {"format": "minimal"})
        raw, thread_id = draft_in(request)
        self._check_thread(thread_id)
        mail = self.store.replace_draft(draft_id, raw, thread_id)
        self._record("email.drafts.update", mail, draft_id, draft_id)
        return 200, {"id": draft_id, "message": ids(mail) | {"labelIds": ["DRAFT"]}}

    def _delete_draft(self, draft_id: str) -> Answer:
        self._draft(draft_id, {"format": "minimal"})
        mail = self.store.mails[self.store.drafts[draft_id]]
        self._record("email.drafts.delete", mail, draft_id, draft_id)
        self.store.remove(self.store.drafts.pop(draft_id))
        return 204, {}

    def _send_draft(self, request: Request) -> Answer:
        kind = self._kind_of_sending(request)
        draft_id = str(member(request, "").get("id"))
        if draft_id not in self.store.drafts:
            return NOT_FOUND
        draft = self.store.mails[self.store.drafts[draft_id]]
        _check_recipients(draft)
        if len(draft.raw) > LIMIT_SENT_BYTES:
            raise invalid("Message exceeds the maximum size")
        return self._sent(kind, self.store.send_draft(draft_id), draft_id)

    def _send_message(self, request: Request) -> Answer:
        raw, thread_id = mail_in(member(request, ""))
        self._check_thread(thread_id)
        _check_recipients(Stored("", "", raw, 0, set(), 0))
        return self._sent("email.send_email", self.store.send(raw, thread_id), None)

    def _sent(self, kind: str, mail: Stored, draft_id: str | None) -> Answer:
        self._record(kind, mail, mail.id, draft_id)
        return 200, ids(mail) | {"labelIds": sorted(mail.labels)}

    def _check_thread(self, thread_id: str | None) -> None:
        mails = self.store.mails.values()
        if thread_id is not None and all(mail.thread_id != thread_id for mail in mails):
            raise RefusedError(NOT_FOUND)

    def _record(self, kind: str, mail: Stored, identifier: str, draft_id: str | None) -> None:
        key = KEY_IN_MESSAGE_ID.match(mail.header("Message-ID"))
        payload = {
            "id": identifier,
            "draft_id": draft_id,
            "thread_id": mail.thread_id,
            **{name: mail.addresses(name) for name in ("to", "cc", "bcc")},
            "subject": mail.header("Subject"),
            "body": mail.text,
            "headers": {name: shown_header(value) for name, value in mail.message.items()},
            "attachments": files_of(mail),
        }
        self._world.record(self.service, kind, key[1] if key else None, payload)


LABELS = ("INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT")


def _label(name: str) -> dict[str, Json]:
    return {"id": name, "name": name, "type": "system"}


def _check_recipients(mail: Stored) -> None:
    if not mail.addresses("To", "Cc", "Bcc"):
        raise invalid("Recipient address required")
