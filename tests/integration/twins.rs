//! Whatever anybody can see is a function of what was released: two hosts whose worlds differ in what is withheld look alike to the last byte.

use quintant::release::Rules;
use quintant_tests::adversary::{Breadth, Hosted, Twins, cells, play, questions, see, twins};

const K: usize = 5;
/// Of worlds in which much is withheld.
const SEEDS: [u64; 2] = [1, 14];
const VIEWS: [&str; 5] =
    ["space_satisfaction", "space_performance", "space_activity", "space_communication", "space_efficiency"];

#[test]
fn twins_differ_in_what_is_withheld_alone() {
    let mut facts = 0;
    for seed in 1..=30 {
        let Twins { one, other, differing } = twins(seed, K);
        assert_eq!(play(&other, Rules::new(K)).atoms, play(&one, Rules::new(K)).atoms, "seed {seed}");
        facts += differing;
    }
    assert!(facts > 5000, "the twins differ by {facts} facts only");
}

/// Routes, parameters, teams, windows, headers, series and views, after every step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_look_alike_to_whoever_asks() {
    for seed in SEEDS {
        let Twins { one, other, differing } = twins(seed, K);
        assert!(differing > 40, "seed {seed}: the twins differ by {differing} facts only");
        let (first, second) = (Hosted::start(&one).await, Hosted::start(&other).await);
        for over in 1..=one.weeks {
            let ((router, atoms), (their_router, _)) = (first.step(over).await, second.step(over).await);
            for (method, question) in questions(&one, &router, &cells(&atoms), over, Breadth::Some).await {
                let (seen, theirs) =
                    (see(&router, method, &question).await, see(&their_router, method, &question).await);
                assert_eq!(seen, theirs, "seed {seed}, {over} weeks: {question}");
            }
            for view in VIEWS {
                let rows = format!("SELECT to_jsonb(v)::text FROM release.{view} v ORDER BY cell, start_date, weeks");
                let seen = first.select("quintant_reports", &rows).await;
                assert_eq!(seen, second.select("quintant_reports", &rows).await, "seed {seed}, {over} weeks: {view}");
            }
        }
        look_at_catalogues(&first, &second).await;
        first.host.finish().await;
        second.host.finish().await;
    }
}

/// What the server itself tells of tables, after everything was counted.
async fn look_at_catalogues(first: &Hosted<'_>, second: &Hosted<'_>) {
    for hosted in [first, second] {
        hosted.host.database.execute("VACUUM (ANALYZE)").await;
    }
    // Whoever may look at statistics sees that the twins are not the same.
    let rows = "SELECT relname || ' ' || reltuples FROM pg_class WHERE relnamespace = 'raw'::regnamespace ORDER BY 1";
    assert_ne!(first.select("pg_monitor", rows).await.unwrap(), second.select("pg_monitor", rows).await.unwrap());

    let ours = "IN ('app', 'raw', 'release')";
    let mut looks: Vec<String> = VIEWS.iter().map(|view| format!("EXPLAIN SELECT * FROM release.{view}")).collect();
    looks.extend([
        format!("SELECT relname || ' ' || relkind || relnatts FROM pg_class WHERE relnamespace::regnamespace::text {ours} ORDER BY 1"),
        format!("SELECT relname || ' ' || reltuples FROM pg_class WHERE relnamespace::regnamespace::text {ours} ORDER BY 1"),
        format!("SELECT relname || ' ' || relpages FROM pg_class WHERE relnamespace::regnamespace::text {ours} ORDER BY 1"),
        format!("SELECT relname || ' ' || relallvisible FROM pg_class WHERE relnamespace::regnamespace::text {ours} ORDER BY 1"),
        format!("SELECT to_jsonb(s)::text FROM pg_stats s WHERE schemaname {ours} ORDER BY 1"),
        format!("SELECT to_jsonb(s)::text FROM pg_sequences s WHERE schemaname {ours} ORDER BY 1"),
        "SELECT to_jsonb(s)::text FROM pg_stat_user_tables s ORDER BY 1".to_owned(),
        "SELECT to_jsonb(s)::text FROM pg_statio_user_tables s ORDER BY 1".to_owned(),
        "SELECT pg_relation_size('release.atom')::text".to_owned(),
        "SELECT pg_tablespace_size('pg_default')::text".to_owned(),
        "SELECT pg_current_xact_id()::text".to_owned(),
        "SELECT txid_current()::text".to_owned(),
        "SELECT pg_current_snapshot()::text".to_owned(),
        "SELECT pg_export_snapshot()".to_owned(),
        "SELECT age(datfrozenxid)::text FROM pg_database WHERE datname = current_database()".to_owned(),
        "SELECT pg_current_wal_lsn()::text".to_owned(),
        "SELECT pg_current_wal_insert_lsn()::text".to_owned(),
        "SELECT next_xid FROM pg_control_checkpoint()".to_owned(),
        "SELECT to_jsonb(l)::text FROM pg_locks l".to_owned(),
    ]);
    for look in &looks {
        for role in ["quintant_reports", "quintant_api"] {
            assert_eq!(first.select(role, look).await, second.select(role, look).await, "{role}: {look}");
        }
    }
    // The role that answers sees rows as they were released, one release after the other.
    for table in ["atom", "measure", "span"] {
        let look = format!(
            "SELECT (to_jsonb(t) || jsonb_build_object('place', ctid::text, 'release', dense_rank() OVER (ORDER BY xmin::text::bigint)))::text
             FROM release.{table} t ORDER BY ctid"
        );
        let rows = first.select("quintant_api", &look).await;
        assert!(rows.as_ref().is_ok_and(|rows| rows.len() > 10), "{table}: {rows:?}");
        assert_eq!(rows, second.select("quintant_api", &look).await, "{table}");
    }
}
