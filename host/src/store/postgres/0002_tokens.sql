-- Personal access tokens; see `store/tokens.rs`.
CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    called TEXT COLLATE "C" NOT NULL,
    groups TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    first_used_at BIGINT,
    used_at BIGINT,
    revoked_at BIGINT,
    revoked_issuer TEXT COLLATE "C",
    revoked_subject TEXT COLLATE "C"
);
CREATE INDEX tokens_owner ON tokens (issuer, subject);
