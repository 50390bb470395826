-- What was released, for those who ask in SQL: a row for each cell and span, a column for each metric, a dimension a view. The figures are
-- what REST answers for the span's dates: withheld is null, what is hidden is rounded the same, and no sum, no number of people and no
-- distribution shows. A survey's score is not carried on here, and `organization` is what no team is named in, not the sum of the cells.

CREATE FUNCTION release.two_digits(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN value = 0 THEN 0 ELSE round(value, 1 - floor(log(abs(value)))::integer) END;

CREATE FUNCTION release.figure(total numeric, count numeric, parts_hidden boolean, decimals integer) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN count <= 0 THEN NULL
    WHEN parts_hidden THEN release.two_digits(total / count)
    ELSE round(total / count, decimals)
END;

-- Under twenty answers in steps.
CREATE FUNCTION release.answered(total numeric, count numeric, decimals integer, step numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN count <= 0 THEN NULL
    WHEN count < 20 THEN step * round(total / count / step)
    ELSE round(total / count, decimals)
END;

-- The middle of the bucket in which half of the observations are reached; a bucket is a quarter of an octave.
CREATE FUNCTION release.median_minutes(buckets smallint[], counts bigint[], told_first smallint, told_last smallint) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT CASE WHEN bucket BETWEEN told_first AND told_last
        THEN release.two_digits((power(2::double precision, (bucket + 0.5) / 4) / 60)::numeric) END
    FROM (SELECT bucket, sum(count) OVER (ORDER BY bucket) AS seen, sum(count) OVER () AS whole
          FROM unnest(buckets, counts) AS observed (bucket, count)) AS counted
    WHERE seen >= ceil(whole / 2)
    ORDER BY bucket LIMIT 1
);

CREATE VIEW release.space_satisfaction WITH (security_barrier) AS
SELECT cell, date '1970-01-05' + 7 * start_week AS start_date, date '1970-01-05' + 7 * (start_week + weeks) AS end_date, weeks,
    max(release.answered(100 * total, count, 1, 5)) FILTER (WHERE component = 'net_promoters') AS nps_score,
    max(release.answered(total / 100, count, 2, 0.1)) FILTER (WHERE component = 'rating') AS satisfaction_rating,
    max(release.answered(100 * total, count, 1, 5)) FILTER (WHERE component = 'burned_out') AS burnout_percentage,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'responses') AS response_count,
    max(5 * round(20 * invited_total / nullif(count, 0))) FILTER (WHERE component = 'responses' AND count >= 40) AS response_rate
FROM (
    SELECT a.cell, a.start_week, a.weeks, m.component, sum(m.total) AS total, sum(m.count) AS count,
        sum(m.total) FILTER (WHERE m.count > 0) AS invited_total
    FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
    WHERE a.family = 'survey' GROUP BY a.cell, a.start_week, a.weeks, m.component
) AS told
GROUP BY cell, start_week, weeks;

CREATE VIEW release.space_performance WITH (security_barrier) AS
SELECT cell, date '1970-01-05' + 7 * start_week AS start_date, date '1970-01-05' + 7 * (start_week + weeks) AS end_date, weeks,
    max(round(total / (7 * weeks), 3)) FILTER (WHERE component = 'deployments') AS deployment_frequency,
    max(release.figure(total, 3600 * count, parts_hidden, 2)) FILTER (WHERE component = 'lead_time') AS lead_time_hours,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = 'failed_deployments' AND count >= 5)
        AS change_failure_rate,
    max(median_minutes) FILTER (WHERE component = 'recovery' AND count >= 5) AS mttr_minutes,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = 'builds' AND count >= 5) AS build_success_rate,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = 'covered_lines') AS test_coverage,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = 'rework' AND count >= 5) AS deployment_rework_rate,
    max(total::bigint) FILTER (WHERE component = 'open_incidents') AS open_incidents
FROM (
    SELECT a.cell, a.start_week, a.weeks, m.component, m.total::numeric AS total, m.count::numeric AS count, m.parts_hidden,
        release.median_minutes(m.buckets, m.counts, m.told_first, m.told_last) AS median_minutes
    FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
    WHERE a.family IN ('build', 'deployment', 'incident', 'lead_time')
) AS told
GROUP BY cell, start_week, weeks;

CREATE VIEW release.space_activity WITH (security_barrier) AS
SELECT cell, date '1970-01-05' + 7 * start_week AS start_date, date '1970-01-05' + 7 * (start_week + weeks) AS end_date, weeks,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'commits') AS commits_count,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'merged_changes') AS pull_requests_count,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'reviews') AS code_reviews_count,
    max(round(nullif(total, 0) / weeks, 1)) FILTER (WHERE component = 'active_people') AS active_developers_count,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = share_component) AS ai_tool_adoption_rate,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'platform_uses') AS platform_usage_count,
    max(release.two_digits(100 * total / nullif(count, 0))) FILTER (WHERE component = 'active_share') AS active_share
FROM (
    SELECT a.cell, a.start_week, a.weeks, m.component, m.total::numeric AS total, m.count::numeric AS count, m.parts_hidden
    FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
    WHERE a.family IN ('active', 'change', 'commit', 'review', 'tally', 'usage')
) AS told
-- What a source had counted stands in where people were never counted.
CROSS JOIN (
    SELECT CASE WHEN EXISTS (SELECT FROM release.measure WHERE component = 'ai_users') THEN 'ai_users' ELSE 'tallied_ai_users' END AS share_component
) AS source
GROUP BY cell, start_week, weeks;

CREATE VIEW release.space_communication WITH (security_barrier) AS
SELECT cell, date '1970-01-05' + 7 * start_week AS start_date, date '1970-01-05' + 7 * (start_week + weeks) AS end_date, weeks,
    max(release.figure(total, 3600 * count, parts_hidden, 2)) FILTER (WHERE component = 'review_time') AS avg_review_time_hours,
    max(release.figure(total, count, parts_hidden, 2)) FILTER (WHERE component = 'review_comments') AS pr_comments_avg,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'cross_team_changes') AS cross_team_prs,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = messages_component) AS mattermost_messages,
    max(release.answered(100 * total, count, 1, 5)) FILTER (WHERE component = 'constructive_feedback') AS constructive_feedback_rate,
    max(release.figure(100 * total, count, parts_hidden, 1)) FILTER (WHERE component = 'unreviewed_merges') AS unreviewed_merge_rate
FROM (
    SELECT a.cell, a.start_week, a.weeks, m.component, sum(m.total) AS total, sum(m.count) AS count, bool_or(m.parts_hidden) AS parts_hidden
    FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
    WHERE a.family IN ('change', 'survey', 'tally', 'usage') GROUP BY a.cell, a.start_week, a.weeks, m.component
) AS told
CROSS JOIN (
    SELECT CASE WHEN EXISTS (SELECT FROM release.measure WHERE component = 'messages') THEN 'messages' ELSE 'tallied_messages' END AS messages_component
) AS source
GROUP BY cell, start_week, weeks;
COMMENT ON COLUMN release.space_communication.mattermost_messages IS
    'Of people; in the cell `organization` of a source that had counted itself, with those of machines.';

CREATE VIEW release.space_efficiency WITH (security_barrier) AS
SELECT cell, date '1970-01-05' + 7 * start_week AS start_date, date '1970-01-05' + 7 * (start_week + weeks) AS end_date, weeks,
    max(release.answered(total / 100, count, 2, 0.1)) FILTER (WHERE component = 'flow_days') AS flow_state_days,
    max(release.answered(total / 100, count, 1, 5)) FILTER (WHERE component = 'valuable_work') AS valuable_work_percentage,
    max(nullif(total, 0)::bigint) FILTER (WHERE component = 'friction_reports') AS friction_incidents,
    max(release.answered(total / 100, count, 2, 0.1)) FILTER (WHERE component = 'context_switches') AS context_switches,
    max(release.answered(total / 100, count, 2, 0.1)) FILTER (WHERE component = 'cognitive_load') AS cognitive_load_avg,
    max(release.two_digits(3000 * total / nullif(7 * count, 0))) FILTER (WHERE component = 'friction_reports') AS friction_per_100_devs_30d
FROM (
    SELECT a.cell, a.start_week, a.weeks, m.component, sum(m.total) AS total, sum(m.count) AS count
    FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
    WHERE a.family = 'survey' OR (a.family = 'friction' AND a.facet = '') GROUP BY a.cell, a.start_week, a.weeks, m.component
) AS told
GROUP BY cell, start_week, weeks;
