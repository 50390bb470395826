//! Whoever tries to find out who is behind a row: with the database alone, with an old copy and the key file, and with all of GitHub besides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant::model::{Calendar, Commit, Epoch, EpochSalt, Fact, FactBody, RawFact, RawIdentity, RawKey, SourceName};
use quintant::pseudonym::{EpochKeys, IdentityKey, pseudonymize};
use quintant_tests::{Host, simulation_end};
use tokio_util::sync::CancellationToken;

use crate::canary::{World, organisation};

const SOURCES: [&str; 4] = ["github", "jenkins", "mattermost", "nps"];

async fn collected() -> (World, Host) {
    let world = World::start(organisation()).await;
    let host = world.host().await;
    for source in SOURCES {
        for summary in host.collect_from(source).await {
            assert!(summary.outcome != "failed", "{source}: {summary:?}");
        }
    }
    (world, host)
}

/// Every keyed hash in a table's rows of a source.
async fn hashes(host: &Host, table: &str, source: &str) -> BTreeSet<String> {
    let statement = format!(
        "SELECT DISTINCT v FROM {table} t JOIN app.source s ON s.id = t.source_id, jsonb_each_text(to_jsonb(t)) AS c(k, v)
         WHERE s.name = '{source}' AND v LIKE '\\\\x%'"
    );
    host.database.texts(&statement).await.into_iter().collect()
}

/// All that whoever has the key file makes of words that may name a person of a source: what spellings and accounts are known by.
fn guesses(keys: &EpochKeys, host: &Host, source: &str, words: &BTreeSet<String>) -> BTreeSet<String> {
    let source: SourceName = source.parse().unwrap();
    let hex = |bytes: &[u8]| format!("\\x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let mut made = BTreeSet::new();
    for (_, key) in keys.iter() {
        made.extend(words.iter().map(|word| hex(key.alias(source.as_str(), word).as_bytes())));
    }
    let calendar = &host.app.setup.config.calendar;
    let weeks = (0..27).map(|week| simulation_end() - SignedDuration::from_hours(24 * 7 * week));
    let facts: Vec<RawFact> = weeks.flat_map(|at| words.iter().map(move |word| commit_of(word, at))).collect();
    let known = pseudonymize(keys, &source, calendar, facts, &[]);
    for stamped in known.facts {
        if let FactBody::Commit(commit) = &stamped.fact.body {
            made.extend(commit.author.iter().map(|author| hex(author.as_bytes())));
        }
    }
    made
}

fn commit_of(id: &str, at: Timestamp) -> RawFact {
    let author = Some(RawIdentity::new(id.to_owned(), Vec::new(), false));
    let repository = RawKey::new("octo/app").into();
    Fact {
        key: RawKey::new(id),
        at,
        body: FactBody::Commit(Commit { repository, sha: RawKey::new(id), author, parents: 1 }),
    }
}

/// Every id, login, address and name that GitHub tells, in the spellings that the host hashes.
fn all_of_github(world: &World) -> BTreeSet<String> {
    let accounts = world.organisation.accounts.iter();
    let mut words: BTreeSet<String> = accounts
        .flat_map(|account| {
            let email = account.email.clone();
            [account.id.to_string(), account.login.clone(), format!("email:{email}"), email, account.name.clone()]
        })
        .collect();
    let commits = world.organisation.repositories.iter().flat_map(|repository| &repository.commits);
    words.extend(commits.flat_map(|commit| [commit.author.email.clone(), format!("email:{}", commit.author.email)]));
    words
}

/// All that a commit of an account becomes.
fn hidden(key: [u8; 32], source: &str) -> BTreeSet<[u8; 16]> {
    let keys = IdentityKey::from_bytes(&key).epochs(&[(Epoch::from_index(227), EpochSalt::from_bytes([1; 32]))].into());
    let at: Timestamp = "2026-10-12T09:00:00Z".parse().unwrap();
    let facts = ["dev-001", "dev-002"].map(|word| commit_of(word, at)).to_vec();
    let known = pseudonymize(&keys, &source.parse().unwrap(), &Calendar::new(TimeZone::UTC), facts, &[]);
    let hashes = known.facts.into_iter().flat_map(|stamped| {
        let FactBody::Commit(commit) = stamped.fact.body else { panic!("a commit has become something else") };
        [*stamped.fact.key.as_bytes(), *commit.author.unwrap().as_bytes()]
    });
    hashes.chain(known.spellings.iter().map(|spelling| *spelling.alias.as_bytes())).collect()
}

#[test]
fn rule_r01_under_another_key_or_in_another_source_nothing_is_called_alike() {
    let told = hidden([7; 32], "code");
    assert_eq!(told.len(), 4);
    assert_eq!(told, hidden([7; 32], "code"), "whoever has the key calls them alike");
    for (what, other) in [("key", hidden([8; 32], "code")), ("source", hidden([7; 32], "chat"))] {
        assert_eq!(told.intersection(&other).next(), None, "another {what}");
    }
}

#[tokio::test]
async fn reidentify_without_the_key_nothing_joins_what_people_do_in_two_sources() {
    let (_world, host) = collected().await;
    let mut of_code = BTreeSet::new();
    for table in ["raw.change", "raw.review", "raw.commit", "raw.build", "raw.deployment", "raw.alias"] {
        of_code.extend(hashes(&host, table, "github").await);
    }
    let mut of_chat = hashes(&host, "raw.usage", "mattermost").await;
    of_chat.extend(hashes(&host, "raw.alias", "mattermost").await);
    let of_survey = hashes(&host, "raw.survey_response", "nps").await;
    assert!(of_code.len() > 1000 && of_chat.len() > 100);
    for (what, one, other) in
        [("chat", &of_code, &of_chat), ("surveys", &of_code, &of_survey), ("chat and surveys", &of_chat, &of_survey)]
    {
        assert_eq!(one.intersection(other).next(), None, "{what}");
    }
    // Nor does the transaction that wrote them.
    let tables = ["change", "review", "commit", "build", "deployment", "incident", "usage", "survey_response", "alias"];
    let written = tables.map(|table| format!("SELECT xmin::text AS x, source_id FROM raw.{table}")).join(" UNION ALL ");
    let mixed =
        format!("SELECT count(*) FROM (SELECT x FROM ({written}) w GROUP BY x HAVING count(DISTINCT source_id) > 1) m");
    assert_eq!(host.database.numbers_by(&mixed).await, [0]);

    // Inside one source people are joined by the same search; and so would rows be that one transaction wrote for two.
    let (authors, committers) =
        (hashes(&host, "raw.change", "github").await, hashes(&host, "raw.commit", "github").await);
    assert!(authors.intersection(&committers).count() > 10);
    let careless = "WITH code AS (UPDATE raw.commit SET parents = parents) UPDATE raw.usage SET count = count";
    host.database.execute(careless).await;
    assert_eq!(host.database.numbers_by(&mixed).await, [1]);
    host.finish().await;
}

#[tokio::test]
async fn reidentify_with_the_key_file_and_an_old_copy_whose_salts_are_destroyed() {
    let (world, host) = collected().await;
    let mut copied = BTreeSet::new();
    for (table, source) in
        [("raw.usage", "mattermost"), ("raw.commit", "github"), ("raw.alias", "mattermost"), ("raw.alias", "github")]
    {
        copied.extend(hashes(&host, table, source).await);
    }
    let mut words = all_of_github(&world);
    words.extend(
        world
            .organisation
            .chat
            .users
            .iter()
            .flat_map(|user| [user.id.clone(), user.username.clone(), user.email.clone()]),
    );

    let found = |keys: &EpochKeys| -> usize {
        let made = ["github", "mattermost"].map(|source| guesses(keys, &host, source, &words));
        made.iter().flatten().filter(|guess| copied.contains(*guess)).count()
    };
    let key = IdentityKey::load_or_create(&host.app.setup.config.privacy.identity_key).unwrap();
    let live = key.epochs(&host.app.store().salts_fetch().await.unwrap());
    assert!(found(&live) > 20, "the attack works while the salts are there");

    host.set_now(simulation_end() + SignedDuration::from_hours(24 * 7 * 27));
    Collector::new(&host.app, CancellationToken::new()).forget().await.unwrap();
    let left = key.epochs(&host.app.store().salts_fetch().await.unwrap());
    assert_eq!(found(&left), 0);
    assert_eq!(host.database.count("SELECT count(*) FROM raw.usage").await, 0);
    host.finish().await;
}

/// The host finds people by their spellings, so whoever has its key, its salts and a person's spelling can do so too. Nobody finds more.
#[tokio::test]
async fn reidentify_with_key_and_salts_and_all_of_github_finds_no_survey_answer_and_in_chat_only_the_same_names() {
    let (world, host) = collected().await;
    let words = all_of_github(&world);
    let key = IdentityKey::load_or_create(&host.app.setup.config.privacy.identity_key).unwrap();
    let keys = key.epochs(&host.app.store().salts_fetch().await.unwrap());

    let answers = hashes(&host, "raw.survey_response", "nps").await;
    let every =
        SOURCES.map(|source| guesses(&keys, &host, source, &words)).into_iter().flatten().collect::<BTreeSet<_>>();
    assert_eq!(every.intersection(&answers).next(), None);
    // An answer that were stored under its author's account would be found.
    let careless =
        "UPDATE raw.survey_response SET key = (SELECT author FROM raw.commit WHERE author IS NOT NULL LIMIT 1)
                    WHERE ctid = (SELECT min(ctid) FROM raw.survey_response)";
    host.database.execute(careless).await;
    let answers = hashes(&host, "raw.survey_response", "nps").await;
    assert_eq!(every.intersection(&answers).count(), 1);

    // Whose name or address in chat is the one in GitHub, in whatever case.
    let lower: BTreeSet<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let is_same = |word: &str| lower.contains(&word.to_lowercase());
    let same =
        world.organisation.chat.users.iter().filter(|user| is_same(&user.username) || is_same(&user.email)).count();
    let aliases = host
        .database
        .texts(
            "SELECT '\\x' || encode(alias, 'hex') || ' ' || encode(account, 'hex') || ' ' || epoch FROM raw.alias a
                JOIN app.source s ON s.id = a.source_id WHERE s.name = 'mattermost'",
        )
        .await;
    let guessed = guesses(&keys, &host, "mattermost", &words);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in &aliases {
        let parts: Vec<&str> = line.split(' ').collect();
        if guessed.contains(parts[0]) {
            found.entry(parts[2].to_owned()).or_default().insert(parts[1].to_owned());
        }
    }
    let most = found.values().map(BTreeSet::len).max().unwrap_or_default();
    assert!(most <= same, "{most} accounts were found of {same} that are called alike");
    let actors = hashes(&host, "raw.usage", "mattermost").await;
    assert_eq!(guessed.intersection(&actors).next(), None, "no account's id follows from GitHub");
    host.finish().await;
}
