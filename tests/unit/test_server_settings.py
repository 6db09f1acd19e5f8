"""A server reads its own service's settings and no other's, wherever they come from."""

import pytest

from mcp_servers import serve
from mcp_servers.catalog import SERVICES


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project folder whose `.env` holds the credentials of every service."""
    monkeypatch.setenv("AI_EMPLOYEE_HOME", str(tmp_path))
    for name in [row.name for service in SERVICES.values() for row in service.settings]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(
        "ODOO_API_KEY=odoo-key-1\nTWITTER_API_SECRET=x-secret-1\nTWITTER_LIVE=true\n"
    )
    return tmp_path


def test_another_services_secrets_are_not_read(home):
    """The `.env` file holds all secrets; a server takes up its own."""
    assert serve.load_settings(SERVICES["odoo"]).secrets() == ("odoo-key-1",)
    assert serve.load_settings(SERVICES["twitter"]).secrets() == ("x-secret-1",)


def test_its_own_live_switch_is_read(home):
    """Each service has a switch of its own."""
    assert serve.load_settings(SERVICES["twitter"]).flag("TWITTER_LIVE")
    assert "TWITTER_LIVE" not in serve.load_settings(SERVICES["odoo"]).table
