"""Publishing on Instagram in two steps: an invisible container, then its publication.

Rules: the container's id is in the journal before it is published, and one container is published
once at most, so a lost answer is settled by asking the container; one that was published in an
earlier attempt is never made anew.

Source: developers.facebook.com/docs/instagram-platform/content-publishing and .../ig-container:
IN_PROGRESS, FINISHED, PUBLISHED, ERROR, EXPIRED (not published within 24 hours), read 2026-11-21.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.fields import short
from mcp_servers.graph import address_of, reading
from mcp_servers.instagram import hosting
from mcp_servers.toolset import Done, Evidence, Finding, Trace
from utils.errors import NotSentError, RateLimitedError, RejectedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.actions import Payload
    from core.media import LoadedMedia
    from mcp_servers.graph.client import Row
    from mcp_servers.instagram.client import Reader, Writer
    from utils.config import Settings

URL = "https://www.instagram.com/"
MEDIA_FIELDS = "id,caption,media_type,permalink,timestamp,comments_count,like_count"
PAUSES = (0, 10, 20, 40, 80, 150, 300, 300)
"""Between two looks at a container, in READ_PAUSE_S; Meta works minutes on a film."""

_PUBLISHED, _FINISHED, _WORKING = "PUBLISHED", "FINISHED", "IN_PROGRESS"


def request_of_media(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the requests that publish the post; Meta takes no key."""
    del key
    account = settings.text("INSTAGRAM_ACCOUNT_ID")
    media = payload["media"]
    urls = [hosting.address_of(settings, item["file"]) for item in media]
    alts = [item.get("alt") for item in media]
    films = [_is_film(item["file"]) for item in media]
    children = _child_forms(urls, alts)
    last = _last_form(
        payload["caption"], urls, alts, is_film=films[0], children="(ids of the pictures)"
    )
    return {
        "before": [
            {"method": "POST", "url": address_of(settings, f"{account}/media"), "form": form}
            for form in (*children, last)
        ],
        "method": "POST",
        "url": address_of(settings, f"{account}/media_publish"),
        "form": {"creation_id": "(id of the container)"},
    }


def _is_film(name: str) -> bool:
    return name.lower().endswith((".mp4", ".mov", ".m4v"))


def _child_forms(urls: list[str], alts: list[str | None]) -> list[dict[str, str]]:
    if len(urls) == 1:
        return []
    return [
        {"image_url": url, "is_carousel_item": "true", **_alt(alt)}
        for url, alt in zip(urls, alts, strict=True)
    ]


def _last_form(
    caption: str, urls: list[str], alts: list[str | None], *, is_film: bool, children: str
) -> dict[str, str]:
    if len(urls) > 1:
        return {"media_type": "CAROUSEL", "children": children, "caption": caption}
    if is_film:
        return {"media_type": "REELS", "video_url": urls[0], "caption": caption}
    return {"image_url": urls[0], "caption": caption, **_alt(alts[0])}


def _alt(alt: str | None) -> dict[str, str]:
    return {"alt_text": alt} if alt else {}


def check_media(client: Reader, payload: Payload) -> Findings:
    """Return what is left of the limit, and whether the files lie where they will be fetched."""
    used, total = limit_of(client)
    left = f"{used} of {total} posts that Instagram allows within 24 hours are used."
    quota = (left,) if used is not None and total is not None else ()
    pictures = [item for item in payload["media"] if not _is_film(item["file"])]
    problems = (hosting.problem(client.settings, item) for item in pictures)
    return Findings(remarks=(*quota, *(problem for problem in problems if problem)))


def prepare(client: Writer, payload: Payload, trace: Trace) -> str:
    """Return the id of a container that can be published: an earlier one, else a new one.

    Raises:
        NotSentError: it could not be made now, or Instagram asked us to wait.
        RejectedError: a file is not where Instagram can fetch it, or Instagram refused.
    """
    status = _status(client, trace.staged_id) if trace.staged_id else None
    if status == _PUBLISHED:
        text = "this post was published in an earlier attempt. Nothing was sent again."
        raise RejectedError(client.SERVICE, text, error_class="AlreadyPublished")
    if trace.staged_id and status in {_FINISHED, _WORKING}:
        return trace.staged_id
    _check_limit(client)
    return _create(client, payload["caption"], trace.files)


def _create(client: Writer, caption: str, files: tuple[LoadedMedia, ...]) -> str:
    urls = [hosting.check(client.settings, file) for file in files]
    alts = [file.media.alt for file in files]
    children = [client.create(client.account, "media", form) for form in _child_forms(urls, alts)]
    is_film = files[0].facts.type.is_video
    form = _last_form(caption, urls, alts, is_film=is_film, children=",".join(children))
    return client.create(client.account, "media", form)


def _check_limit(client: Reader) -> None:
    used, total = limit_of(client)
    if used is not None and total is not None and used >= total:
        text = f"{used} posts of the last 24 hours are all that Instagram allows; nothing was sent."
        raise RateLimitedError(client.SERVICE, text)


def limit_of(client: Reader) -> tuple[int | None, int | None]:
    """Return how many posts count now and how many may, None for what Instagram does not say."""
    rows = reading.rows_of(
        client.ask(f"{client.account}/content_publishing_limit", fields="quota_usage,config")
    )
    row: Row = rows[0] if rows else {}
    total = (row.get("config") or {}).get("quota_total")
    return _whole(row.get("quota_usage")), _whole(total)


def publish(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish the container once it is ready.

    Raises:
        NotSentError: Instagram is still at work on it, nothing left this machine, or we must wait.
        RejectedError: Instagram cannot use the files, or refused; nothing was published.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    del payload
    container = str(trace.staged_id)
    _wait_until_ready(client, container)
    identifier = client.create(client.account, "media_publish", {"creation_id": container})
    return Done(
        identifier, _address_of(client, identifier), f"Published on Instagram as {identifier}."
    )


def _address_of(client: Reader, identifier: str) -> str:
    """Return where a person can look at a post that was just made; asked once, and no more."""
    try:
        return url_of(client.ask_once(identifier, fields="id,permalink"))
    except ServiceError:
        return URL  # the post is public all the same; its address is a courtesy


def _wait_until_ready(client: Reader, container: str) -> None:
    pause = threading.Event()
    for number in PAUSES:
        pause.wait(number * client.settings.seconds("READ_PAUSE_S"))
        row = client.ask(container, fields="id,status_code,status")
        code = row.get("status_code")
        if code == _FINISHED:
            return
        if code != _WORKING:
            said = short(str(row.get("status") or code))
            text = f"could not use the files: {said} Nothing was published."
            raise RejectedError(client.SERVICE, text, error_class=f"Container {code}")
    text = "is still at work on the files. Nothing was published yet."
    raise NotSentError(client.SERVICE, text, error_class="NotReady")


def reconcile_media(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the post is public: the container knows, the list of posts shows which one."""
    start = reading.start_of(trace.began_at)
    row = _post_since(client, payload["caption"], start)
    status = _status(client, trace.staged_id) if trace.staged_id else None
    if row is not None and status in {None, _PUBLISHED}:
        text = f"Instagram shows the post since {reading.instant_of(row):%Y-%m-%d %H:%M} UTC."
        return Evidence(Finding.FOUND, text, str(row["id"]), url_of(row))
    if status == _PUBLISHED:
        text = "Instagram says that the container was published."
        return Evidence(Finding.FOUND, text, trace.staged_id, URL)
    if trace.staged_id is None:
        return Evidence(Finding.ABSENT, "No container was made, so nothing can be public.")
    if status is None:
        return Evidence(Finding.UNCLEAR, "Instagram does not know the container any more.")
    return Evidence(Finding.ABSENT, f"The container was not published ({status}).")


def _post_since(client: Reader, caption: str, start: Any) -> Row | None:
    rows = reading.since(client, f"{client.account}/media", MEDIA_FIELDS, start)
    for row in rows:
        if row is not None and reading.same_text(row.get("caption"), caption):
            return row
    return None


def _status(client: Reader, container: str) -> str | None:
    """Return how far a container is; None when Instagram knows none of that id."""
    try:
        return str(client.ask(container, fields="id,status_code").get("status_code"))
    except RejectedError as error:
        if error.error_class != "Graph 100":
            raise
        return None


def url_of(row: Mapping[str, Any]) -> str:
    """Return where a person can look at a post."""
    return str(row.get("permalink") or URL)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
