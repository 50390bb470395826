//! Surveys that are asked here, attacked: whose answer it was must not be found in any row, file or answer, before and after the close.

use std::collections::BTreeSet;
use std::path::Path;

use quintant::model::{CampaignId, CampaignSeal, Sealed};
use quintant::pseudonym::{CampaignKey, IdentityKey};
use quintant::release::{Closed, Rules, close_campaign};
use quintant_tests::{Asking, Log, Served, WriteAheadLog, pulse};
use quintant_upstreams::script::{Answer, Script};
use serde_json::{Value, json};

const SURVEYS: &str = "data/surveys";

fn keys(asking: &Asking) -> usize {
    std::fs::read_dir(asking.host.folder().join(SURVEYS)).map_or(0, Iterator::count)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the database knows a token by.
fn hash_of(asking: &Asking, token: &str) -> String {
    let key = IdentityKey::load_or_create(&asking.host.folder().join("data/identity.key")).unwrap();
    hex(key.survey_tokens().read(token).unwrap().hash.as_bytes())
}

async fn told(asking: &Asking, component: &str) -> Vec<String> {
    let statement = format!(
        "SELECT cell || ' ' || facet || ' ' || total || '/' || count FROM release.measure WHERE component = '{component}' ORDER BY 1"
    );
    asking.host.database.texts(&statement).await
}

async fn answers_of(asking: &Asking, campaign: u64) -> i64 {
    let statement = format!("SELECT count(*) FROM app.survey_answer WHERE campaign = {campaign}");
    asking.host.database.numbers_by(&statement).await[0]
}

/// The campaign is over, and late ones have had their time.
async fn close_the_week(asking: &Asking) {
    asking.wait_days(9);
    asking.listen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r09_no_answer_is_joined_with_anybody_before_or_after_the_close() {
    let asking = Asking::start("").await;
    let database = &asking.host.database;
    let (pulses, nps) = (asking.open("pulse"), asking.open("nps"));
    let (amber, other) = (pulses("amber"), nps("cobalt"));
    let (tokens, others) = (asking.tokens(amber, 12), asking.tokens(other, 12));
    let mut log = WriteAheadLog::keep(database).await;
    let served = asking.serve().await;
    for (number, token) in tokens.iter().enumerate().take(8) {
        let number = u32::try_from(number).unwrap();
        assert_eq!(served.vote(token, pulse(41 + number, number % 8, 1 + number % 5)).await.0, 200);
    }
    for (number, token) in others.iter().enumerate().take(11) {
        let answer = json!({ "score": number, "token": token });
        assert_eq!(served.post("/api/v1/surveys/nps/submit", &answer, None).await.0, 200);
    }

    // Before the close, with everything but the key.
    let dump = database.dump("app").await;
    for token in &tokens[..8] {
        assert!(!dump.contains(token) && !dump.contains(&hash_of(&asking, token)), "a token that was used is there");
    }
    assert!(dump.contains(&hash_of(&asking, &tokens[11])) && !dump.contains("canary"));
    let sealed = database.bytes("SELECT sealed FROM app.survey_answer ORDER BY ctid").await;
    let distinct: BTreeSet<&Vec<u8>> = sealed.iter().collect();
    assert_eq!((sealed.len(), distinct.len()), (19, 19));
    assert!(sealed.iter().all(|answer| answer.len() == sealed[0].len()), "an answer's length tells of it");
    assert_eq!(columns(&asking, "survey_answer").await, ["campaign", "sealed"]);
    assert_eq!(columns(&asking, "survey_token").await, ["campaign", "hash"]);
    let shared = "SELECT count(*) FROM app.survey_answer a
        JOIN app.survey_token t ON t.xmin = a.xmin OR t.hash = a.sealed OR t.ctid::text || t.xmin = a.ctid::text || a.xmin";
    assert_eq!(database.count(shared).await, 0, "an answer and a token share a transaction");
    let wal = log.read(database).await;
    let packed: Vec<u8> = [1].into_iter().chain(43_f64.to_be_bytes()).collect();
    for secret in [tokens[0].as_bytes(), tokens[0].replace('-', "").as_bytes(), packed.as_slice()] {
        assert!(!wal.windows(secret.len()).any(|window| window == secret), "the WAL holds {}", hex(secret));
    }

    // After the close, with everything that was ever written and everything that is left.
    let opened = database.bytes("SELECT sealed FROM app.survey_answer WHERE campaign = 1 ORDER BY ctid").await;
    let order = "SELECT encode(sealed, 'hex') FROM app.survey_answer WHERE campaign <> 1 ORDER BY ctid";
    let (files, in_order) = (files(&asking).await, database.texts(order).await);
    let seal: [u8; 32] =
        database.bytes("SELECT seal FROM app.campaign WHERE id = 1").await[0].clone().try_into().unwrap();
    let folder = asking.host.folder().join(SURVEYS);
    let open = |folder: &Path| CampaignKey::load(folder, &CampaignSeal::from_bytes(seal)).unwrap();
    assert_eq!(amber, 1);
    assert!(opened.iter().all(|answer| open(&folder).unwrap().open(&Sealed::new(answer.clone())).is_some()));
    assert!(opened.iter().all(|answer| dump.contains(&hex(answer))));
    let transactions = "SELECT count(DISTINCT xmin::text) FROM app.survey_answer";
    assert_eq!(database.count(transactions).await, 19, "whoever looks while it runs sees the order");
    let keys_before = keys(&asking);
    served.stop().await;
    close_the_week(&asking).await;
    assert_eq!(told(&asking, "responses").await, ["amber own-pulse 5/12"]);
    assert_eq!(told(&asking, "valuable_work").await, ["amber own-pulse 35600/8"]);
    let dump = database.dump("app").await;
    assert!(opened.iter().all(|answer| !dump.contains(&hex(answer))), "an answer outlived its campaign");
    assert!(open(&folder).is_none() && keys(&asking) == keys_before - 1, "the key outlived its campaign");
    assert!(tokens.iter().all(|token| !dump.contains(&hash_of(&asking, token))), "a token outlived its campaign");
    let survivors = database.texts(order).await;
    assert_eq!(survivors.iter().collect::<BTreeSet<_>>(), in_order.iter().collect::<BTreeSet<_>>());
    assert_ne!(survivors, in_order, "rows lie in the order in which people answered");
    assert_eq!(database.count(transactions).await, 1, "transactions tell the order in which people answered");
    let now = self::files(&asking).await;
    assert!(files.iter().all(|file| !now.contains(file)), "dead rows are left in {files:?}");

    // Stored carelessly, in the open and beside its token, an answer is found in both ways.
    let (mixed, plain) = (database.count(shared).await, hex(&packed));
    database
        .execute_by(&format!(
            "WITH token AS (INSERT INTO app.survey_token SELECT decode(repeat('00', octet_length(hash)), 'hex'), campaign FROM app.survey_token LIMIT 1)
             INSERT INTO app.survey_answer SELECT campaign, decode('{plain}', 'hex') FROM app.survey_token LIMIT 1"
        ))
        .await;
    assert_eq!(database.count(shared).await, mixed + 1);
    assert!(log.read(database).await.windows(packed.len()).any(|window| window == packed));
    asking.host.finish().await;
}

async fn columns(asking: &Asking, table: &str) -> Vec<String> {
    let statement = format!(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'app' AND table_name = '{table}' ORDER BY 1"
    );
    asking.host.database.texts(&statement).await
}

async fn files(asking: &Asking) -> Vec<i64> {
    let statement = "SELECT relfilenode::bigint FROM pg_class WHERE relname IN ('survey_answer', 'survey_token', 'survey_token_pkey')";
    asking.host.database.numbers_by(statement).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r09_a_token_is_good_once_however_many_try_at_once() {
    let asking = Asking::start("").await;
    let amber = asking.open("pulse")("amber");
    let tokens = asking.tokens(amber, 2);
    let served = asking.serve().await;
    let votes = (0..24).map(|_| served.vote(&tokens[0], pulse(70, 3, 3)));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(votes).await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 23][..]));
    assert_eq!(answers_of(&asking, amber).await, 1);
    let (status, problem) = served.vote(&tokens[0].to_lowercase().replace('-', ""), pulse(70, 3, 3)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("token_used")));

    // What cannot be taken uses no token up, and tells nothing of it.
    for token in &tokens {
        let (status, problem) = served.vote(token, pulse(70, 8, 3)).await;
        assert_eq!((status, &problem["code"]), (422, &json!("bad_field")));
    }
    let (status, problem) = served.vote("00000000-00000000-00000000-00000000", pulse(70, 3, 3)).await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")));
    let nps = json!({ "score": 9, "token": tokens[1] });
    let (status, problem) = served.post("/api/v1/surveys/nps/submit", &nps, None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("no_campaign")));
    assert_eq!(served.vote(&tokens[1], pulse(70, 3, 3)).await.0, 200);

    // A token that was not deleted would be good again.
    let hash = hash_of(&asking, &tokens[0]);
    let kept = format!("INSERT INTO app.survey_token (hash, campaign) VALUES (decode('{hash}', 'hex'), {amber})");
    asking.host.database.execute_by(&kept).await;
    assert_eq!(served.vote(&tokens[0], pulse(70, 3, 3)).await.0, 200);
    assert_eq!(answers_of(&asking, amber).await, 3);

    served.stop().await;
    close_the_week(&asking).await;
    let served = asking.serve().await;
    for token in &tokens {
        let (status, problem) = served.vote(token, pulse(70, 3, 3)).await;
        assert_eq!((status, &problem["code"]), (409, &json!("campaign_closed")));
    }
    served.stop().await;
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r09_four_fakes_do_not_reveal_the_fifth() {
    let asking = Asking::start("[compat]\noriginal_api = true\n").await;
    let (amber, cobalt) = {
        let opened = asking.open("pulse");
        (opened("amber"), opened("cobalt"))
    };
    let served = asking.serve().await;
    let path = "/api/v1/surveys/pulse/submit";
    let victim = asking.tokens(amber, 1);
    assert_eq!(served.vote(&victim[0], pulse(7, 1, 5)).await.0, 200);
    for _ in 0..20 {
        let mut original = pulse(70, 3, 3);
        original["friction_experienced"] = json!(true);
        let (status, answer) = served.post(path, &original, None).await;
        assert_eq!((status, &answer["status"]), (200, &json!("success")));
    }
    assert_eq!((answers_of(&asking, amber).await, answers_of(&asking, cobalt).await), (1, 0));
    // A client that is not known is not nobody.
    let (status, problem) = served.post(path, &pulse(70, 3, 3), Some("quintant_0")).await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")));
    served.stop().await;
    close_the_week(&asking).await;
    assert_eq!(told(&asking, "responses").await, [""; 0]);
    let atoms = "SELECT count(*) FROM release.atom WHERE family = 'survey' AND facet = 'own-pulse'";
    assert_eq!(asking.host.database.count(atoms).await, 1, "that nothing is told is told");
    asking.host.finish().await;

    // Four that count would reveal it: a client that vouches for people who do not exist breaks the promise for everybody.
    let asking = Asking::start("").await;
    let victim = asking.tokens(asking.open("pulse")("amber"), 1);
    let client = asking.client("portal", "amber");
    let served = asking.serve().await;
    assert_eq!(served.vote(&victim[0], pulse(7, 1, 5)).await.0, 200);
    let (status, problem) = served.post(path, &pulse(70, 3, 3), None).await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")));
    for valuable in [70, 70, 60, 60] {
        assert_eq!(served.post(path, &pulse(valuable, 3, 3), Some(&client)).await.0, 200);
    }
    served.stop().await;
    close_the_week(&asking).await;
    assert_eq!(told(&asking, "valuable_work").await, ["amber own-pulse 26700/5"], "7 is what they did not say");
    asking.host.finish().await;
}

#[tokio::test]
async fn rule_r09_nothing_that_anybody_sees_changes_with_a_vote() {
    let asking = Asking::start("").await;
    let amber = asking.open("pulse")("amber");
    let tokens = asking.tokens(amber, 10);
    let served = asking.serve().await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    let log = Log::capture();
    let before = seen(&asking, &served).await;
    let lines = telling_lines(&log);
    assert!(lines.iter().any(|line| line.contains("answered GET /livez")), "the log was not captured: {lines:#?}");
    for token in &tokens {
        assert_eq!(served.vote(token, pulse(70, 3, 3)).await.0, 200);
    }
    assert_eq!(served.vote(&tokens[0], pulse(70, 3, 3)).await.0, 409);
    let form = format!("valuable_work_percentage=1&flow_state_days=1&cognitive_load=1&token={}", tokens[0]);
    let request = reqwest::Client::new().post(served.url("/surveys/pulse"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.url().query(), Some("wrong=token_used&field=token"));
    let told = telling_lines(&log).split_off(lines.len());
    assert!(told.is_empty(), "the log tells when somebody answered: {told:#?}");
    let after = seen(&asking, &served).await;
    assert_eq!(before.len(), after.len());
    let gathered = "SELECT count(*) FROM pg_class WHERE relname IN ('survey_token', 'survey_answer', 'friction_inbox')
                    AND NOT coalesce('autovacuum_enabled=false' = ANY(reloptions), false)";
    assert_eq!(asking.host.database.count(gathered).await, 0, "the planner's figures would follow later");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    // If anything gathered figures of these tables, it would show.
    asking.host.database.execute("ANALYZE app.survey_answer").await;
    assert_ne!(seen(&asking, &served).await, after);
    served.stop().await;
    asking.host.finish().await;
}

/// What speaks of answers. What the host does by itself meanwhile, and the test's own client, log, too.
fn telling_lines(log: &Log) -> Vec<String> {
    let words = ["answered", "request.id", "survey_submit", "survey_answer", "survey_token", "/surveys"];
    let is_of_client = |line: &str| ["hyper", "reqwest"].iter().any(|word| line.contains(word));
    let is_telling = |line: &&str| words.iter().any(|word| line.contains(word)) && !is_of_client(line);
    log.text().lines().filter(is_telling).map(str::to_owned).collect()
}

/// Whatever a client, or somebody with the API's own role in the database, is shown.
async fn seen(asking: &Asking, served: &Served) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "/metrics",
        "/openapi.json",
        "/api/v1/metrics/space/satisfaction",
        "/api/v1/metrics/space/efficiency?team=amber",
        "/surveys/pulse",
        "/livez",
    ] {
        seen.push(served.get(path).await.1);
    }
    let figures =
        "SELECT string_agg(relname || ' ' || reltuples || ' ' || relpages, E'\\n' ORDER BY relname) FROM pg_class
                   WHERE relname ~ '^(survey_token|survey_answer|campaign|client|friction_inbox)'";
    seen.extend(asking.host.database.texts(figures).await);
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_r09_a_close_that_breaks_off_loses_and_doubles_nothing() {
    let asking = Asking::start("").await;
    let store = asking.host.app.store();
    let amber = asking.open("pulse")("amber");
    let tokens = asking.tokens(amber, 12);
    let served = asking.serve().await;
    // Enough of them differ to be told of, even if nobody else is in time.
    for (token, load) in tokens[..6].iter().zip([1, 2].into_iter().cycle()) {
        assert_eq!(served.vote(token, pulse(60, 3, load)).await.0, 200);
    }
    let campaign =
        store.campaigns_fetch().await.unwrap().into_iter().find(|campaign| u64::from(campaign.id.index()) == amber);
    let campaign = campaign.unwrap();
    let key = CampaignKey::load(&asking.host.folder().join(SURVEYS), &campaign.seal).unwrap().unwrap();

    // Between reading and writing.
    let mut releasing = store.releasing().await.unwrap();
    assert_eq!(releasing.campaign_close(campaign.id).await.unwrap().len(), 6);
    drop(releasing);
    assert_eq!((answers_of(&asking, amber).await, keys(&asking)), (6, 2));

    // While others answer, and another host closes it, too.
    let (rules, now) = (Rules::new(5), asking.host.app.setup.clock.now());
    let votes = futures_util::future::join_all(tokens[6..].iter().map(|token| served.vote(token, pulse(60, 4, 5))));
    let close = || close_campaign(store, campaign.id, Some(&key), &rules, now);
    let (votes, first, second) = tokio::join!(votes, close(), close());
    let mut closed = [first.unwrap(), second.unwrap()];
    closed.sort_by_key(|closed| *closed == Closed::Before);
    assert_eq!(closed, [Closed::Told, Closed::Before]);
    let taken = votes.iter().filter(|(status, _)| *status == 200).count();
    assert!(votes.iter().all(|(status, _)| [200, 409].contains(status)), "{votes:?}");
    let count = "SELECT count FROM release.measure WHERE component = 'cognitive_load'";
    assert_eq!(asking.host.database.numbers(count).await, [6 + i64::try_from(taken).unwrap()]);

    // Between writing and destroying the key.
    assert_eq!(keys(&asking), 2, "the key is destroyed last");
    asking.listen().await;
    assert_eq!(keys(&asking), 1);
    assert_eq!(asking.host.database.count("SELECT count(*) FROM release.atom").await, 1);
    assert_eq!(answers_of(&asking, amber).await, 0);
    served.stop().await;
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_become_figures_of_the_team_that_gave_them() {
    let asking = Asking::start("").await;
    let (client, cobalt) = (asking.client("portal", "amber"), asking.client("portal-2", "cobalt"));
    let served = asking.serve().await;
    let path = "/api/v1/surveys/pulse/submit";
    let (status, problem) = served.post(path, &pulse(70, 3, 3), Some(&client)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("no_campaign")));
    drop(asking.open("pulse"));
    for number in 0..10 {
        assert_eq!(served.post(path, &pulse(60 + number, number % 8, 1 + number % 5), Some(&client)).await.0, 200);
        assert_eq!(served.post(path, &pulse(20 + number, number % 8, 1 + number % 5), Some(&cobalt)).await.0, 200);
    }
    served.stop().await;
    close_the_week(&asking).await;
    assert_eq!(told(&asking, "flow_days").await, ["amber own-pulse 2900/10"], "four weeks are not over");
    for _ in 0..3 {
        asking.wait_days(7);
    }
    asking.listen().await;
    assert_eq!(told(&asking, "valuable_work").await, ["amber own-pulse 64500/10", "cobalt own-pulse 24500/10"]);
    assert_eq!(keys(&asking), 0);
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_opens_hands_out_reminds_and_closes() {
    let hook = Script::new().on("/hooks/secret-hook", Answer::new(200, "ok")).start().await.unwrap();
    let asking = Asking::start(
        "[survey]\naddress = \"https://quintant.example.com/\"\nwebhook = { file = \"hook.url\" }\nwebhook_networks = [\"127.0.0.0/8\"]\n",
    )
    .await;
    std::fs::write(asking.host.folder().join("hook.url"), format!("{}/hooks/secret-hook", hook.url())).unwrap();
    let opened = asking.try_to(&["survey", "open"]);
    assert!(
        opened.stdout.contains("`pulse` in amber, 12 people, from ") && opened.stdout.contains("in cobalt, 6 people"),
        "{opened:?}"
    );
    assert!(asking.try_to(&["survey", "open"]).stdout.starts_with("nothing new is open"));
    let printed = asking.try_to(&["survey", "tokens", "1"]).stdout;
    assert_eq!((printed.lines().count(), printed.contains("canary")), (12, false), "{printed}");
    assert!(printed.lines().all(|line| line.len() == 35), "{printed}");
    let said = asking.operate(&["survey", "remind"]);
    let text = said["text"].as_str().unwrap();
    assert!(
        text.contains("amber until ") && text.contains("at https://quintant.example.com/surveys/pulse with"),
        "{text}"
    );
    let posts = hook.requests();
    assert_eq!((posts.len(), posts[0].method.as_str()), (1, "POST"));
    assert_eq!(serde_json::from_str::<Value>(&posts[0].body).unwrap(), json!({ "text": text }));
    let refused = asking.try_to(&["survey", "close", "1"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("campaign 1 runs until"), "{refused:?}");
    assert!(asking.try_to(&["survey", "close"]).stdout.contains("no campaign is over"));
    assert!(asking.try_to(&["survey", "close", "1", "--discard"]).stdout.contains(": nothing is told"));
    assert!(asking.try_to(&["survey", "list"]).stdout.contains(": closed\n"));
    let refused = asking.try_to(&["survey", "tokens", "1"]);
    assert!(refused.stderr.contains("campaign 1 is closed"), "{refused:?}");
    let refused = asking.try_to(&["token", "new", "--scope", "submit", "--name", "x", "--team", "grove"]);
    assert!(refused.stderr.contains("there is no team `grove`; configured are: `amber`, `cobalt`"), "{refused:?}");

    // Without its key a campaign can only be given up.
    std::fs::remove_dir_all(asking.host.folder().join(SURVEYS)).unwrap();
    asking.wait_days(40);
    asking.listen().await;
    let campaign = CampaignId::from_index(2);
    let campaigns = asking.host.app.store().campaigns_fetch().await.unwrap();
    assert!(campaigns.iter().any(|known| known.id == campaign && !known.is_closed));
    asking.host.finish().await;
}
