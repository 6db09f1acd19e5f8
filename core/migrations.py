"""The journal's format, as numbered steps that are only ever appended to."""

from __future__ import annotations

UNUSUAL = (
    "(json_extract(fields, '$.event') IN ('missed', 'warned', 'quarantined')"
    " OR (json_extract(fields, '$.event') = 'called'"
    " AND json_extract(fields, '$.result') = 'refused'))"
)
"""The lines of the story that reports tell; an index holds only these. Never changed."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE actions (
            action_id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            mode TEXT NOT NULL CHECK (mode IN ('dry_run', 'live', 'sandbox')),
            account TEXT NOT NULL,
            payload TEXT NOT NULL,
            digest TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'sending', 'done',
                'dry_run_completed', 'not_sent', 'refused', 'unknown', 'rejected', 'withdrawn',
                'expired')),
            tier TEXT NOT NULL CHECK (tier IN ('autonomous', 'approval_required', 'hard_stop')),
            reasons TEXT NOT NULL,
            policy_hash TEXT NOT NULL,
            note TEXT NOT NULL,
            origin TEXT NOT NULL,
            trust TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            correlation_id TEXT NOT NULL,
            source TEXT,
            counterparty TEXT,
            amount TEXT,
            currency TEXT,
            approved_at TEXT,
            approved_by TEXT,
            grant_until TEXT,
            attempt INTEGER NOT NULL DEFAULT 0,
            retry_at TEXT,
            sending_at TEXT,
            staged_id TEXT,
            finished_at TEXT,
            filed_at TEXT,
            request TEXT,
            remote_id TEXT,
            remote_url TEXT,
            summary TEXT,
            error TEXT,
            error_class TEXT,
            CHECK (state <> 'sending' OR (attempt > 0 AND mode <> 'dry_run')),
            CHECK (state <> 'done' OR mode <> 'dry_run')
        ) WITHOUT ROWID
        """,
        "CREATE INDEX actions_open ON actions(state) WHERE filed_at IS NULL",
        "CREATE INDEX actions_by_state ON actions(state, created_at)",
        "CREATE INDEX actions_by_kind ON actions(kind, created_at)",
        "CREATE INDEX actions_begun ON actions(kind, sending_at) WHERE sending_at IS NOT NULL",
        "CREATE INDEX actions_by_mode ON actions(mode)",
        "CREATE INDEX actions_by_counterparty ON actions(counterparty) WHERE state = 'done'",
        """
        CREATE TABLE unwritten (
            action_id TEXT PRIMARY KEY REFERENCES actions(action_id),
            text TEXT NOT NULL,
            replaces TEXT
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE story (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            action_id TEXT,
            fields TEXT NOT NULL,
            seq INTEGER
        )
        """,
        "CREATE INDEX story_of_action ON story(action_id) WHERE action_id IS NOT NULL",
        "CREATE INDEX story_untold ON story(number) WHERE seq IS NULL",
        "CREATE INDEX story_by_seq ON story(seq) WHERE seq IS NOT NULL",
        """
        CREATE TABLE numbers (
            prefix TEXT NOT NULL,
            day TEXT NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (prefix, day)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE sources (
            key TEXT PRIMARY KEY,
            note_id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            original TEXT,
            name TEXT,
            triaged TEXT,
            at TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX sources_untriaged ON sources(at) WHERE triaged IS NULL",
        "CREATE INDEX actions_by_source ON actions(source) WHERE source IS NOT NULL",
        """
        CREATE TABLE asks (
            ask_id TEXT PRIMARY KEY,
            source_key TEXT NOT NULL,
            replies TEXT NOT NULL,
            questions TEXT NOT NULL,
            name TEXT NOT NULL,
            settled TEXT
        ) WITHOUT ROWID
        """,
        "CREATE INDEX asks_open ON asks(ask_id) WHERE settled IS NULL",
        "CREATE INDEX asks_by_source ON asks(source_key)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        "CREATE INDEX actions_by_finish ON actions(finished_at) WHERE finished_at IS NOT NULL",
        "CREATE INDEX actions_by_approval ON actions(approved_at) WHERE approved_at IS NOT NULL",
        "CREATE INDEX actions_stopped ON actions(created_at) WHERE tier = 'hard_stop'",
        "CREATE INDEX sources_by_time ON sources(at)",
        f"CREATE INDEX story_unusual ON story(at) WHERE {UNUSUAL}",
    ),
    ("CREATE INDEX story_by_time ON story(at)",),
    ("ALTER TABLE actions ADD COLUMN payee TEXT",),
    (
        """
        CREATE TABLE runs (
            job TEXT NOT NULL,
            due TEXT NOT NULL,
            began_at TEXT NOT NULL,
            tries INTEGER NOT NULL,
            ended_at TEXT,
            error TEXT,
            PRIMARY KEY (job, due)
        ) WITHOUT ROWID
        """,
    ),
    ("ALTER TABLE actions ADD COLUMN due_at TEXT",),
)
