"""A service's SDK is loaded with its first live question, and not for anything before it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_servers.catalog import SERVICES
from mcp_servers.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
SDK = {
    "odoo": "odoorpc",
    "facebook": "facebook",
    "instagram": "facebook",
    "twitter": "tweepy",
    "email": "googleapiclient",
}
DRY = {
    "odoo": ("create_partner", {"name": "Umbrella Ltd"}),
    "facebook": ("create_post", {"message": "Open on Monday."}),
    "instagram": ("reply_to_comment", {"comment_id": "17900000000000001", "message": "Thank you"}),
    "twitter": ("create_post", {"text": "Open on Monday."}),
    "email": ("create_draft", {"to": ["ann@acme.example"], "subject": "Hello", "body": "Hi"}),
}
ASKED = {
    "odoo": ("find_partners", {"query": "Acme"}),
    "facebook": ("list_posts", {}),
    "instagram": ("list_media", {}),
    "twitter": ("list_posts", {}),
    "email": ("search_emails", {}),
}
SCRIPT = """
import json, sys
from pathlib import Path
from core.settings import SETTINGS
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from mcp_servers.gate import Gate, Role
from mcp_servers.serve import toolset_of
from utils.config import Settings

service, sdk, folder, values, dry, asked = json.loads(sys.argv[1])
is_there = lambda: sdk in sys.modules
settings = Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path(folder))
ws = Workspace.open(settings, SERVICES)
gate = Gate(ws, service, toolset_of(service), Role.PROPOSE)
preview = gate.call(dry[0], dry[1])
before = is_there()
answer = gate.call(asked[0], asked[1])
print(json.dumps([preview.data["status"], before, answer.is_error, is_there()]))
"""


@pytest.mark.parametrize("service", sorted(SDK))
def test_the_sdk_is_loaded_with_the_first_live_question(service: str, tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        values = sandbox.settings() | {"VAULT_PATH": str(tmp_path / "AI_Employee")}
        told = [service, SDK[service], str(tmp_path), values, DRY[service], ASKED[service]]
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(told)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert json.loads(run.stdout.splitlines()[-1]) == ["dry_run", False, False, True]


def test_every_service_with_a_network_is_asked() -> None:
    assert set(SDK) == set(SERVICES) - {"vault"}
