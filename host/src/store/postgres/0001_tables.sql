-- All tables of the host. Columns, and what they mean, are those of SQLite's; texts are compared byte by byte, as there.

CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    resource TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    statements BIGINT NOT NULL,
    head_seq BIGINT NOT NULL,
    head_hash TEXT COLLATE "C" NOT NULL,
    last_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    pruned_at BIGINT,
    pruned_by TEXT COLLATE "C"
);
CREATE INDEX sessions_opened ON sessions (opened_at);
CREATE INDEX sessions_prunable ON sessions (opened_at) WHERE pruned_at IS NULL;

CREATE TABLE events (
    session TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    count BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    salt BYTEA NOT NULL DEFAULT '',
    sealed BYTEA,
    PRIMARY KEY (session, seq)
);

CREATE TABLE data_keys (
    session TEXT COLLATE "C" PRIMARY KEY,
    wrapped_by TEXT COLLATE "C" NOT NULL,
    wrapped BYTEA NOT NULL
);

CREATE TABLE approvals (
    id TEXT COLLATE "C" PRIMARY KEY,
    resource TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    statement TEXT COLLATE "C" NOT NULL,
    parameters TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    approvers TEXT COLLATE "C" NOT NULL,
    min_approvals BIGINT NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX approvals_state ON approvals (state, expires_at);
CREATE INDEX approvals_digest ON approvals (digest);
CREATE INDEX approvals_session ON approvals (session);

-- `rowid` is the order in which steps were taken: whoever takes one holds the log's end.
CREATE TABLE approval_steps (
    approval TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    comment TEXT COLLATE "C" NOT NULL,
    rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX approval_steps_approval ON approval_steps (approval);
CREATE UNIQUE INDEX approval_votes ON approval_steps (approval, issuer, subject) WHERE step = 'approve';

CREATE TABLE approval_details (
    approval TEXT COLLATE "C" PRIMARY KEY,
    policies TEXT COLLATE "C" NOT NULL,
    needs TEXT COLLATE "C" NOT NULL,
    shape TEXT COLLATE "C",
    comment_required BOOLEAN NOT NULL,
    max_grant_s BIGINT,
    granted_by TEXT COLLATE "C"
);

CREATE TABLE approval_offers (
    approval TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    groups TEXT COLLATE "C" NOT NULL,
    seconds BIGINT NOT NULL,
    PRIMARY KEY (approval, issuer, subject)
);

CREATE TABLE grants (
    id TEXT COLLATE "C" PRIMARY KEY,
    resource TEXT COLLATE "C" NOT NULL,
    principal TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    statement TEXT COLLATE "C" NOT NULL,
    shape TEXT COLLATE "C",
    digest TEXT COLLATE "C",
    needs TEXT COLLATE "C" NOT NULL,
    granters TEXT COLLATE "C" NOT NULL,
    approvers TEXT COLLATE "C" NOT NULL,
    comment TEXT COLLATE "C" NOT NULL,
    approval TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX grants_state ON grants (state, expires_at);

CREATE TABLE grant_steps (
    grant_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX grant_steps_grant ON grant_steps (grant_id);

CREATE TABLE signed_in (
    digest TEXT COLLATE "C" PRIMARY KEY,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    groups TEXT COLLATE "C" NOT NULL,
    csrf TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE tools (
    resource TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    accepted TEXT COLLATE "C" NOT NULL,
    changed TEXT COLLATE "C",
    definition TEXT COLLATE "C",
    PRIMARY KEY (resource, name)
);

CREATE TABLE notified (
    receiver TEXT COLLATE "C" PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE alive (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    at BIGINT NOT NULL
);

CREATE TABLE log (
    idx BIGINT PRIMARY KEY,
    session TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    count BIGINT NOT NULL,
    form BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    leaf BYTEA NOT NULL
);
CREATE INDEX log_histories ON log (idx) WHERE session LIKE 'approval/%' OR session LIKE 'grant/%';
CREATE INDEX log_session ON log (session, idx);

CREATE TABLE nodes (
    level BIGINT NOT NULL,
    n BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (level, n)
);

-- The one row is what replicas lock before they add to the log. There is no note until something was added.
CREATE TABLE checkpoint (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    note TEXT COLLATE "C" NOT NULL
) WITH (fillfactor = 20);
INSERT INTO checkpoint (one, note) VALUES (1, '');

CREATE TABLE notes (
    kind TEXT COLLATE "C" NOT NULL,
    witness TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, witness, size)
);

-- Of PostgreSQL alone: what replicas agree upon.

-- Who does what only one of them may do; `until` is in milliseconds since 1970 by this database's clock.
CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL
);

-- Digests of files that all replicas must have the same of.
CREATE TABLE same_files (
    name TEXT COLLATE "C" PRIMARY KEY,
    digest TEXT COLLATE "C" NOT NULL
);
