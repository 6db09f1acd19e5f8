"""The settings that belong to no single service."""

from __future__ import annotations

from utils.config import Kind, Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("VAULT_PATH", Kind.PATH, "AI_Employee", "The folder that you open in Obsidian."),
    Setting("LOG_DIR", Kind.PATH, None, "Daily logs; Vault/Logs beside the vault when empty."),
    Setting("STATE_DIR", Kind.PATH, None, "Journal; Vault/State beside the vault when empty."),
    Setting(
        "TIMEZONE", Kind.ZONE, None, "Your time zone; the system's when empty.", "Europe/Berlin"
    ),
    Setting("DRY_RUN", Kind.FLAG, "true", "true: nothing outside is ever changed."),
    Setting("APPROVAL_UNDO_S", Kind.SECONDS, "5", "Seconds to move an approved note back (live)."),
    Setting("APPROVAL_EXPIRES_DAYS", Kind.COUNT, "7", "Days until a proposal expires.", minimum=1),
    Setting(
        "PUBLISH_WINDOW_S",
        Kind.SECONDS,
        "21600",
        "Seconds after its time within which a post that was held up still goes out.",
        minimum=60,
    ),
    Setting("RESCAN_S", Kind.SECONDS, "15", "Seconds between full looks at the vault.", minimum=1),
    Setting(
        "RECONCILE_LIMIT_S",
        Kind.SECONDS,
        "150",
        "Seconds after which a record that cannot be found in the books is taken as not made.",
        minimum=1,
    ),
    Setting(
        "READ_PAUSE_S",
        Kind.SECONDS,
        "0.1",
        "Seconds until a service that gave no answer is asked again; twice as long each time.",
    ),
    Setting("IDLE_STOP_S", Kind.SECONDS, "600", "Seconds until an idle server is stopped."),
    Setting(
        "LIMIT_AMOUNT",
        Kind.AMOUNT,
        "100.00",
        "From this amount on you are asked, always.",
        "100.00",
    ),
    Setting("LIMIT_CURRENCY", Kind.CURRENCY, "USD", "The currency of that limit.", "EUR"),
    Setting("OWNER_EMAIL", Kind.ADDRESS, None, "Your own address.", "you@example.com"),
    Setting(
        "OWNER_NAMES",
        Kind.TEXT,
        None,
        "How your own company is called, apart by `;`; never taken for a customer.",
        "Northwind Studio Ltd; Northwind Studio",
    ),
    Setting(
        "NOTIFY_URLS",
        Kind.TEXT,
        None,
        "Where one line goes when something waits or failed, as Apprise addresses; empty: nowhere.",
        "ntfys://ntfy.example/your-topic",
        secret=True,
    ),
    Setting(
        "NOTIFY_DETAILS", Kind.FLAG, "false", "true: that line may name notes (names, amounts)."
    ),
    Setting(
        "AI_EMPLOYEE_ROLE",
        Kind.TEXT,
        "propose",
        "Role of an MCP server; only the daemon starts servers that may execute.",
    ),
    Setting("AI_EMPLOYEE_HOME", Kind.PATH, None, "The project's folder, when it is not found."),
    Setting("AI_EMPLOYEE_PYTHON", Kind.PATH, None, "The Python that starts MCP servers (Windows)."),
    Setting(
        "AI_EMPLOYEE_SANDBOX",
        Kind.FLAG,
        "false",
        "Set by `run --sandbox`: every service is a fake on this machine.",
    ),
)
