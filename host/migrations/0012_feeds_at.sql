-- Answers `GET /api/v1/sources`: how feeds stood at an instant. Of a run it tells when it began, how it ended and until when the source
-- refuses, and nothing that depends on what it brought; one that goes on is not there, so that nobody can time it.
CREATE FUNCTION app.feeds_at(sources text[], feeds text[], at_ms bigint)
RETURNS TABLE (started_ms bigint, ended_ms bigint, outcome text, code text, retry_ms bigint, strikes bigint, covered_through_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.started_ms, r.ended_ms, r.outcome, r.code, r.retry_ms,
        (SELECT count(*) FROM app.run s WHERE s.source_id = o.id AND s.feed = w.feed AND NOT s.is_backfill AND s.is_strike AND s.ended_ms <= at_ms
            AND s.id > coalesce((SELECT max(b.id) FROM app.run b WHERE b.source_id = o.id AND b.feed = w.feed AND NOT b.is_backfill
                AND NOT b.is_strike AND b.ended_ms <= at_ms), 0)),
        f.covered_through_ms
    FROM unnest(sources, feeds) WITH ORDINALITY AS w (source, feed, place)
    LEFT JOIN app.source o ON o.name = w.source
    LEFT JOIN app.feed f ON f.source_id = o.id AND f.name = w.feed
    LEFT JOIN LATERAL (
        SELECT * FROM app.run l WHERE l.source_id = o.id AND l.feed = w.feed AND NOT l.is_backfill AND l.ended_ms <= at_ms
        ORDER BY l.started_ms DESC, l.id DESC LIMIT 1
    ) AS r ON true
    ORDER BY w.place
$$;
