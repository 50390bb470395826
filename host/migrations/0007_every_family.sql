-- Atoms of every family. An atom names its span itself, since a survey's campaign is no span of the grid, and may be about one instrument,
-- category or metric (`facet`). A measure may say how its observations lie.

ALTER TABLE release.measure DROP CONSTRAINT measure_cell_start_week_family_fkey, DROP CONSTRAINT measure_pkey;
ALTER TABLE release.atom DROP CONSTRAINT atom_cell_start_week_fkey, DROP CONSTRAINT atom_pkey;
ALTER TABLE release.atom
    ADD COLUMN weeks    integer,
    ADD COLUMN teams    text[],
    ADD COLUMN admitted boolean,
    ADD COLUMN facet    text NOT NULL DEFAULT '';
UPDATE release.atom a SET weeks = s.weeks, teams = s.teams, admitted = s.admitted
    FROM release.span s WHERE (s.cell, s.start_week) = (a.cell, a.start_week);
ALTER TABLE release.atom
    ALTER COLUMN weeks SET NOT NULL, ADD CHECK (weeks BETWEEN 1 AND 13),
    ALTER COLUMN teams SET NOT NULL,
    ALTER COLUMN admitted SET NOT NULL,
    ALTER COLUMN facet DROP DEFAULT,
    -- The week first: what is due is asked by weeks, and so is what late facts are late for.
    ADD PRIMARY KEY (start_week, cell, family, facet, weeks);
CREATE INDEX atom_by_end ON release.atom (family, (start_week + weeks) DESC);

-- Nothing had a facet so far, and people were counted as their own number.
ALTER TABLE release.measure
    ADD COLUMN weeks      integer,
    ADD COLUMN facet      text NOT NULL DEFAULT '',
    ADD COLUMN buckets    smallint[],
    ADD COLUMN counts     bigint[],
    ADD COLUMN told_first smallint,
    ADD COLUMN told_last  smallint;
UPDATE release.measure m SET weeks = a.weeks FROM release.atom a WHERE (a.cell, a.start_week, a.family) = (m.cell, m.start_week, m.family);
UPDATE release.measure SET total = total * weeks, count = weeks WHERE component = 'active_people';
ALTER TABLE release.measure
    ALTER COLUMN weeks SET NOT NULL,
    ALTER COLUMN facet DROP DEFAULT,
    ADD PRIMARY KEY (start_week, cell, family, facet, weeks, component),
    ADD FOREIGN KEY (start_week, cell, family, facet, weeks) REFERENCES release.atom;

-- Finds what is past all its weeks without looking at the others.
CREATE INDEX span_by_end ON release.span ((start_week + weeks));
