//! The five views for SQL: each row shows what REST answers for its span, and their role sees nothing else.

use std::collections::BTreeMap;

use quintant::metrics::{Answers, Scope, TimeRange};
use quintant::model::{Dimension, Family};
use quintant_tests::{Host, HostOptions, Released, github_source};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, raw_sql};

const VIEWS: [&str; 5] =
    ["space_satisfaction", "space_performance", "space_activity", "space_communication", "space_efficiency"];

async fn host() -> Host {
    Host::for_text(&github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]"), HostOptions::default()).await
}

/// Whatever a view shows, a row an object.
async fn rows(host: &Host, view: &str) -> Vec<BTreeMap<String, Value>> {
    let sql = format!("SELECT to_jsonb(v)::text FROM release.{view} v ORDER BY cell, start_date, weeks");
    let texts = host.database.texts(&sql).await;
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_shows_what_is_answered_for_its_span() {
    let host = host().await;
    let released = Released { teams: 10, weeks: 24, seed: 7 };
    let mut atoms = released.atoms();
    // So that people are counted in one world, and what a source had counted stands in for them in the other.
    for has_usage in [false, true] {
        if !has_usage {
            atoms.retain(|atom| atom.family != Family::Usage);
        }
        let told = if has_usage {
            released.atoms().into_iter().filter(|atom| atom.family == Family::Usage).collect()
        } else {
            atoms.clone()
        };
        let releasing = host.app.store().releasing().await.unwrap();
        releasing.commit(&[], &told, &[], quintant_tests::simulation_end()).await.unwrap();
        let stored = host.app.store().reader().atoms_fetch().await.unwrap();
        let answers = Answers::new(stored, released.names(), Family::ALL.into_iter().collect(), true);
        let (mut figures, mut gaps) = (0, 0);
        for (dimension, view) in Dimension::ALL.into_iter().zip(VIEWS) {
            for row in rows(&host, view).await {
                let date = |name: &str| row[name].as_str().unwrap().parse().unwrap();
                let range = TimeRange::Dates { from: date("start_date"), to: date("end_date") };
                let scope = Scope::Cell(row["cell"].as_str().unwrap().to_owned());
                let answer = answers.dimension(dimension, range, &scope);
                assert_eq!(row.len(), 4 + answer.fields.len(), "{view}: {row:?}");
                for (metric, figure) in &answer.fields {
                    let to = date("end_date");
                    let figure = figure.as_ref().ok().filter(|figure| figure.detail.as_of == to);
                    let shown = row[metric.as_str()].as_f64();
                    assert_eq!(
                        shown,
                        figure.map(|figure| figure.value.as_f64()),
                        "{view}.{}: {row:?}",
                        metric.as_str()
                    );
                    *if shown.is_some() { &mut figures } else { &mut gaps } += 1;
                }
            }
        }
        assert!(figures > 1500 && gaps > 200, "{figures} figures, {gaps} gaps");
    }
    host.finish().await;
}

#[tokio::test]
async fn every_bucket_has_the_same_middle_in_both() {
    let host = host().await;
    for bucket in (0_i16..=110).step_by(5) {
        let sql = format!(
            "SELECT release.median_minutes(ARRAY[{bucket}::smallint], ARRAY[5::bigint], (-32768)::smallint, 32767::smallint)::text"
        );
        let shown: f64 = host.database.texts(&sql).await[0].parse().unwrap();
        let middle = 2_f64.powf((f64::from(bucket) + 0.5) / 4.0) / 60.0;
        assert!((shown / middle - 1.0).abs() < 0.051, "{bucket}: {shown} for {middle}");
    }
    let outside =
        "SELECT count(*) FROM (SELECT release.median_minutes('{9}', '{5}', 10::smallint, 12::smallint) AS told) t
                   WHERE told IS NOT NULL";
    assert_eq!(host.database.count(outside).await, 0);
    host.finish().await;
}

#[tokio::test]
async fn the_role_of_dashboards_sees_the_views_alone() {
    let host = host().await;
    let mut connection = host.database.connect().await;
    raw_sql("SET ROLE quintant_reports").execute(&mut connection).await.unwrap();
    for view in VIEWS {
        raw_sql(AssertSqlSafe(format!("SELECT * FROM release.{view}"))).execute(&mut connection).await.unwrap();
    }
    for statement in [
        "SELECT 1 FROM release.atom",
        "SELECT 1 FROM release.measure",
        "SELECT 1 FROM release.span",
        "SELECT 1 FROM release.day",
        "SELECT 1 FROM raw.change",
        "SELECT 1 FROM app.run",
        "INSERT INTO release.space_activity (cell) VALUES ('amber')",
        "CREATE TABLE release.gathered (id integer)",
    ] {
        let refused = raw_sql(statement).execute(&mut connection).await;
        let code = refused.as_ref().err().and_then(|error| error.as_database_error()?.code());
        assert!(["42501", "55000"].contains(&code.as_deref().unwrap_or("")), "{statement}: {refused:?}");
    }
    connection.close().await.unwrap();
    host.finish().await;
}
