-- Three schemas: `app` is the host's own state, `raw` holds facts under pseudonyms for 90 days at most, `release` holds what may be told for ever.
-- Instants are milliseconds since 1970, weeks are counted from Monday, 5 January 1970. Serves every question of the first release.

CREATE SCHEMA app;
CREATE SCHEMA raw;
CREATE SCHEMA release;

CREATE TABLE app.setting (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE app.source (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

-- Where reading a feed goes on (sealed), and what it has covered. `version` grows with each page, so that of two runs only one can store the next.
CREATE TABLE app.feed (
    source_id          integer NOT NULL REFERENCES app.source,
    name               text NOT NULL,
    cursor             bytea,
    covered_from_ms    bigint NOT NULL,
    covered_through_ms bigint,
    version            bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source_id, name)
);

-- Answers `quintant status`: how the last runs of each feed went.
CREATE TABLE app.run (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id  integer NOT NULL REFERENCES app.source,
    feed       text NOT NULL,
    started_ms bigint NOT NULL,
    ended_ms   bigint,
    outcome    text,
    code       text,
    retry_ms   bigint,
    pages      integer NOT NULL DEFAULT 0,
    facts      integer NOT NULL DEFAULT 0,
    rejected   integer NOT NULL DEFAULT 0,
    late       integer NOT NULL DEFAULT 0,
    problems   integer NOT NULL DEFAULT 0
);
CREATE INDEX run_by_feed ON app.run (source_id, feed, started_ms DESC);

-- Which spelling of an account (keyed hash) leads to which accounts (keyed hashes): a roster that comes later finds its people.
CREATE TABLE raw.alias (
    source_id      integer NOT NULL REFERENCES app.source,
    alias          bytea NOT NULL,
    account        bytea NOT NULL,
    last_seen_week integer NOT NULL,
    PRIMARY KEY (source_id, alias, account)
);

-- Partitions, one a week, are made by the host.
CREATE TABLE raw.change (
    source_id         integer NOT NULL,
    key               bytea NOT NULL,
    week              integer NOT NULL,
    at_ms             bigint NOT NULL,
    repository        bytea NOT NULL,
    change            bytea NOT NULL,
    owner             text,
    author            bytea,
    merged            boolean NOT NULL,
    to_default_branch boolean NOT NULL,
    first_commit_ms   bigint,
    opened_ms         bigint NOT NULL,
    ready_ms          bigint,
    first_review_ms   bigint,
    first_reviewer    bytea,
    approved_ms       bigint,
    merge_commit      bytea,
    additions         bigint,
    deletions         bigint,
    files             bigint,
    review_comments   bigint,
    reverts           bytea,
    PRIMARY KEY (source_id, key, week)
) PARTITION BY RANGE (week);

CREATE TABLE raw.review (
    source_id     integer NOT NULL,
    key           bytea NOT NULL,
    week          integer NOT NULL,
    at_ms         bigint NOT NULL,
    change        bytea NOT NULL,
    change_author bytea,
    reviewer      bytea,
    state         text NOT NULL,
    comments      bigint,
    PRIMARY KEY (source_id, key, week)
) PARTITION BY RANGE (week);
-- Finds the first review of a (reviewer, change) pair.
CREATE INDEX review_by_change ON raw.review (change);

CREATE TABLE raw.commit (
    source_id integer NOT NULL,
    key       bytea NOT NULL,
    week      integer NOT NULL,
    at_ms     bigint NOT NULL,
    sha       bytea NOT NULL,
    author    bytea,
    parents   bigint NOT NULL,
    PRIMARY KEY (source_id, key, week)
) PARTITION BY RANGE (week);

-- In which cell an account's work of a kind in a week was released (an empty account is nobody known). What is here is frozen: a
-- later version of such a fact, or a roster that is edited afterwards, can neither change what was told nor have it told again.
CREATE TABLE raw.assignment (
    week    integer NOT NULL,
    kind    text NOT NULL,
    account bytea NOT NULL,
    cell    text NOT NULL,
    PRIMARY KEY (week, kind, account)
);

-- The grid. A span is kept from when it has begun, so that nothing that happens later changes its length.
CREATE TABLE release.span (
    cell       text NOT NULL,
    start_week integer NOT NULL,
    weeks      integer NOT NULL CHECK (weeks BETWEEN 1 AND 13),
    teams      text[] NOT NULL,
    admitted   boolean NOT NULL,
    PRIMARY KEY (cell, start_week)
);

-- One family of one span, released once. A withheld atom has no measures.
CREATE TABLE release.atom (
    cell        text NOT NULL,
    start_week  integer NOT NULL,
    family      text NOT NULL,
    released_ms bigint NOT NULL,
    PRIMARY KEY (cell, start_week, family),
    FOREIGN KEY (cell, start_week) REFERENCES release.span
);

CREATE TABLE release.measure (
    cell         text NOT NULL,
    start_week   integer NOT NULL,
    family       text NOT NULL,
    component    text NOT NULL,
    total        bigint NOT NULL,
    count        bigint NOT NULL,
    parts_hidden boolean NOT NULL,
    PRIMARY KEY (cell, start_week, family, component),
    FOREIGN KEY (cell, start_week, family) REFERENCES release.atom
);
