-- Answers `time_range=24h` where `privacy.daily_system` is on: a day of what ran in the whole organization, released once, a row for each component.
-- No other component fits in, so that nothing of people's work, and nothing of a team, can be told of a day.
CREATE TABLE release.day (
    day         date NOT NULL,
    component   text NOT NULL CHECK (component IN ('builds', 'covered_lines', 'deployments', 'deployment_days', 'failed_deployments', 'rework',
                                                   'recovery', 'open_incidents')),
    total       bigint NOT NULL,
    count       bigint NOT NULL,
    -- How durations lie, where there are any.
    buckets     smallint[],
    counts      bigint[],
    released_ms bigint NOT NULL,
    PRIMARY KEY (day, component)
);
