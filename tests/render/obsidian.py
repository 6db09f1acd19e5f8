"""A note as a page, close to what Obsidian shows, with everything in it that would go wrong.

Rules: HTML in a note is never live; single newlines are kept; links are resolved by name in the
whole vault; what is remote, unresolved, ambiguous or unknown is a problem, not a picture.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from core import frontmatter
from utils.errors import NoteError

CALLOUTS = frozenset(
    {
        *("note", "abstract", "summary", "tldr", "info", "todo", "tip", "hint", "important"),
        *("success", "check", "done", "question", "help", "faq", "warning", "caution"),
        *("attention", "failure", "fail", "missing", "danger", "error", "bug", "example"),
        *("quote", "cite"),
    }
)
"""Source: Obsidian help, Callouts, 2026-08-20: thirteen types and their aliases."""
_CALLOUT = re.compile(r"\[!([\w-]+)\]([+-]?)\s*([^\n]*)")
_COMMENT = re.compile(r"%%.*?%%", re.DOTALL)
_TASK = re.compile(r"\[(.)\] ")


@dataclass
class Index:
    """The names in a vault, as a link finds them.

    Args:
        root: the vault.
    """

    root: Path
    names: Counter[str] = field(default_factory=Counter)
    bases: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self.root.rglob("*"):
            if any(part.startswith(".") for part in path.relative_to(self.root).parts):
                continue
            if path.is_file():
                self.names[path.name.removesuffix(".md")] += 1
                if path.suffix == ".base":
                    text = path.read_text(encoding="utf-8")
                    self.bases[path.name] = re.findall(r"^\s+name: (.+)$", text, re.MULTILINE)

    def problem(self, target: str) -> str | None:
        """Return what is wrong with a link's target, None when it leads to one note."""
        name, _, part = target.partition("#")
        count = self.names[name.rsplit("/", 1)[-1].removesuffix(".md")]
        if count != 1:
            return f"[[{target}]] leads to {count} notes"
        views = self.bases.get(name)
        if part and views is not None and part not in views:
            return f"[[{target}]]: the base has no such view"
        return None


@dataclass
class Page:
    """One note as HTML.

    Args:
        name: its path in the vault.
        body: the HTML.
        problems: what is wrong with it, in words.
    """

    name: str
    body: str
    problems: list[str]


def page_of(path: Path, index: Index) -> Page:
    """Return a note of the vault as HTML."""
    text = path.read_text(encoding="utf-8")
    problems: list[str] = []
    front, body = _parted(text)
    body = _Renderer(index, problems).render(body)
    name = path.relative_to(index.root).as_posix()
    title = f"<h1 class=title>{html.escape(path.stem)}</h1>"
    return Page(name, f"{title}{_properties(front)}{body}", problems)


def _parted(text: str) -> tuple[Mapping[str, object], str]:
    """Return properties and body; what cannot be read is shown as it stands, as Obsidian does."""
    try:
        return frontmatter.read(text), frontmatter.split(text).body
    except NoteError:
        return {}, text


def _properties(front: Mapping[str, object]) -> str:
    if not front:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(key)}</td><td>{html.escape(_shown(value))}</td></tr>"
        for key, value in front.items()
    )
    return f"<table class=properties>{rows}</table>"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class _Renderer:
    def __init__(self, index: Index, problems: list[str]) -> None:
        self._index = index
        self._problems = problems
        self._parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
        self._parser.enable(["table", "strikethrough"])
        self._parser.inline.ruler.before("link", "wikilink", self._wikilink)

    def render(self, text: str) -> str:
        tokens = self._parser.parse(text)
        self._walk(tokens)
        return str(self._parser.renderer.render(tokens, self._parser.options, {}))

    def _wikilink(self, state: StateInline, silent: bool) -> bool:
        found = re.compile(r"(!?)\[\[([^\]\n]+)\]\]").match(state.src, state.pos)
        if found is None:
            return False
        if not silent:
            target, _, alias = found[2].partition("|")
            problem = self._index.problem(target.rstrip("\\"))
            if problem:
                self._problems.append(problem)
            token = state.push("html_inline", "", 0)
            kind = "embed" if found[1] else "internal"
            token.content = f"<a class={kind}>{html.escape(alias or target)}</a>"
        state.pos = found.end()
        return True

    def _walk(self, tokens: Sequence[Token]) -> None:
        for number, token in enumerate(tokens):
            if token.type == "blockquote_open":
                self._callout(tokens, number)
            elif token.type == "fence" and token.info.strip() == "mermaid":
                token.type, token.content = (
                    "html_block",
                    f"<pre class=mmd>{html.escape(token.content)}</pre>",
                )
            elif token.type == "inline":
                self._inline(token)

    def _inline(self, token: Token) -> None:
        for child in token.children or []:
            if child.type == "text":
                child.content = _COMMENT.sub("", child.content)
                if "<%" in child.content or "{{" in child.content:
                    self._problems.append(f"template code: {child.content[:60]}")
            elif child.type == "image":
                self._problems.append(f"a picture from outside: {child.attrs.get('src')}")
        first = next(iter(token.children or []), None)
        box = _TASK.match(first.content) if first and first.type == "text" else None
        if first and box and token.level >= 2:
            first.type = "html_inline"
            ticked = "" if box[1] == " " else " checked"
            first.content = f"<input type=checkbox{ticked}> {html.escape(first.content[4:])}"

    def _callout(self, tokens: Sequence[Token], start: int) -> None:
        inline = tokens[start + 2] if len(tokens) > start + 2 else None
        found = _CALLOUT.match(inline.content) if inline and inline.type == "inline" else None
        if inline is None or found is None:
            return
        if found[1] not in CALLOUTS:
            self._problems.append(f"unknown callout {found[1]}")
        tokens[start].attrSet("class", f"callout {found[1]}")
        first = (inline.children or [])[0]
        first.content = _CALLOUT.sub(lambda m: m[3], first.content, count=1)


STYLE = """
:root { --bg: #fff; --fg: #222; --soft: #f3f3f5; --line: #ddd; --link: #5b3fd6; }
.dark { --bg: #1e1e1e; --fg: #dadada; --soft: #2a2a2c; --line: #3a3a3d; --link: #a893ff; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.5 sans-serif; }
article { max-width: 700px; margin: 0 auto; padding: 16px 20px 40px; overflow-wrap: anywhere; }
article + article { border-top: 4px dashed var(--line); }
h1.title { font-size: 1.5em; } h2 { font-size: 1.25em; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: 3px 8px; }
table.properties { font-size: 13px; margin-bottom: 12px; } .properties td { border: 0; }
.properties td:first-child { opacity: .6; white-space: nowrap; }
pre { background: var(--soft); padding: 10px; white-space: pre-wrap; font-size: 13px; }
code { background: var(--soft); font-size: .9em; }
blockquote { margin: 12px 0; padding: 6px 14px; border-left: 4px solid var(--line); }
.callout { background: var(--soft); border-radius: 6px; border-left-color: #4c8bf5; }
.callout > p:first-child::first-line { font-weight: 600; }
.callout.failure, .callout.danger { border-left-color: #e03131; }
.callout.warning { border-left-color: #f08c00; } .callout.success { border-left-color: #2f9e44; }
.callout.question { border-left-color: #f5a623; }
a { color: var(--link); } a.embed { display: block; border: 1px dashed var(--line); padding: 8px; }
svg { max-width: 100%; }
"""

SCRIPT = """
const problems = [];
async function main() {
  mermaid.initialize({startOnLoad: false, securityLevel: 'strict', theme: THEME});
  let number = 0;
  for (const pre of document.querySelectorAll('.mmd')) {
    const name = pre.closest('article').dataset.name;
    try {
      const {svg} = await mermaid.render('chart' + number++, pre.textContent);
      const box = document.createElement('div');
      box.innerHTML = svg; pre.replaceWith(box);
    } catch (error) { problems.push(name + ': chart: ' + error.message.slice(0, 200)); }
  }
  const width = document.documentElement.clientWidth;
  for (const article of document.querySelectorAll('article')) {
    for (const element of article.querySelectorAll('*')) {
      if (element.closest('svg')) continue;
      if (element.getBoundingClientRect().right > width + 1) {
        problems.push(article.dataset.name + ': wider than the page: ' +
          element.tagName + ' ' + element.textContent.slice(0, 60));
        break;
      }
    }
  }
  for (const entry of performance.getEntriesByType('resource')) {
    if (!/^(file|data|blob):/.test(entry.name)) problems.push('request: ' + entry.name);
  }
}
main().catch(error => problems.push('script: ' + error.message)).finally(() => {
  document.body.dataset.problems = JSON.stringify(problems);
  document.body.dataset.done = '1';
});
"""


def document_of(pages: Iterable[Page], theme: str, mermaid: Path) -> str:
    """Return one HTML document with all the pages.

    Args:
        pages: what is shown, one below the other.
        theme: light or dark.
        mermaid: the chart library's single file.
    """
    articles = "".join(
        f"<article data-name={json.dumps(html.escape(page.name))}>{page.body}</article>"
        for page in pages
    )
    chart_theme = json.dumps("dark" if theme == "dark" else "default")
    return (
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body class={theme}>{articles}"
        f'<script src="{mermaid.as_uri()}"></script>'
        f"<script>const THEME = {chart_theme};{SCRIPT}</script>"
    )


def problems_in(dump: str) -> Any:
    """Return what the page found wrong with itself, from Chromium's dump of it.

    Raises:
        AssertionError: the page never came to its end.
    """
    assert 'data-done="1"' in dump, "the page did not come to its end"
    found = re.search(r'data-problems="([^"]*)"', dump)
    assert found is not None
    return json.loads(html.unescape(found[1]))
