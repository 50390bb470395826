//! What is stored about one person, for nobody else to read.

use super::fact::Digest;
use super::{Erasing, StoreError};
use crate::model::Alias;

impl Erasing {
    /// Every row about the accounts of these spellings, as JSON, without the pseudonyms of others. Instants are milliseconds since 1970, weeks are
    /// counted from Monday, 5 January 1970, keyed hashes are hexadecimal.
    pub async fn rows_fetch(&mut self, spellings: &[Alias]) -> Result<Vec<String>, StoreError> {
        let spellings: Vec<Digest> = spellings.iter().map(|alias| *alias.as_bytes()).collect();
        Ok(sqlx::query_scalar!(
            r#"WITH own AS MATERIALIZED (SELECT DISTINCT account FROM raw.alias WHERE alias = ANY($1)),
               held AS (
                   SELECT source_id, at_ms, jsonb_build_object('table', 'change', 'as', 'author') || to_jsonb(f) - 'first_reviewer' AS line
                       FROM raw.change f WHERE author IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'change', 'as', 'first_reviewer', 'first_reviewer', first_reviewer,
                       'change', change, 'week', week, 'first_review_ms', first_review_ms)
                       FROM raw.change WHERE first_reviewer IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'review', 'as', 'reviewer') || to_jsonb(f) - 'change_author'
                       FROM raw.review f WHERE reviewer IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'review', 'as', 'change_author', 'change_author', change_author,
                       'change', change, 'week', week)
                       FROM raw.review WHERE change_author IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'commit', 'as', 'author') || to_jsonb(f)
                       FROM raw.commit f WHERE author IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'usage', 'as', 'actor') || to_jsonb(f)
                       FROM raw.usage f WHERE actor IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'membership', 'as', 'account') || to_jsonb(f)
                       FROM raw.membership f WHERE account IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, at_ms, jsonb_build_object('table', 'sample', 'as', 'actor') || to_jsonb(f)
                       FROM raw.sample f WHERE actor IN (SELECT account FROM own)
                   UNION ALL
                   SELECT source_id, NULL, jsonb_build_object('table', 'alias') || to_jsonb(f)
                       FROM raw.alias f WHERE account IN (SELECT account FROM own)
                   UNION ALL
                   SELECT NULL, NULL, jsonb_build_object('table', 'assignment') || to_jsonb(f)
                       FROM raw.assignment f WHERE account IN (SELECT account FROM own))
               SELECT (held.line - 'source_id' || jsonb_build_object('source', s.name))::text AS "line!"
               FROM held LEFT JOIN app.source s ON s.id = held.source_id ORDER BY held.at_ms, 1"#,
            &spellings as &[Digest],
        )
        .fetch_all(self.connection())
        .await?)
    }
}
