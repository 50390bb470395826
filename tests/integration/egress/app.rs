//! A GitHub App: the host signs in with its key, and has a new token before the old one ends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use quintant_tests::{Host, Log, Site, github_source};
use quintant_upstreams::script::{Answer, Script, Scripted};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::{host, outcome, quiet, run};

const MINT: &str = "/app/installations/42/access_tokens";
const PULLS: &str = "/repos/octo/app/pulls?";

fn key_file(name: &str) -> String {
    format!("{}/cases/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn source(url: &str, key: &str) -> String {
    let app = format!("github_app = {{ id = 7, installation = 42, key = {{ file = \"{key}\" }} }}");
    github_source(url, "repositories = [\"octo/app\"]").replace("bearer = { file = \"github.token\" }", &app)
}

fn token(token: &str, lifetime: SignedDuration) -> Answer {
    // GitHub counts in whole seconds.
    let end = Timestamp::from_second((Timestamp::now() + lifetime).as_second()).unwrap();
    Answer::json(201, &json!({ "token": token, "expires_at": end.to_string() }))
}

fn asked(scripted: &Scripted) -> Vec<(String, String)> {
    let requests = scripted.requests().into_iter();
    requests.map(|request| (request.target, request.authorization.unwrap().replace("Bearer ", ""))).collect()
}

/// The claims of a token that this app has signed.
fn claims(token: &str) -> Value {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let pem = std::fs::read(key_file("app-pkcs8.pem")).unwrap();
    let key = RsaKeyPair::from_pkcs8(PrivatePkcs8KeyDer::from_pem_slice(&pem).unwrap().secret_pkcs8_der()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let decoded = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(decoded(header), json!({ "alg": "RS256", "typ": "JWT" }));
    decoded(claims)
}

async fn assert_silent(host: &Host, log: &Log, secrets: &[&str]) {
    for text in [log.text(), host.database.dump("app").await, host.database.dump("raw").await] {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn an_app_signs_in_once_and_uses_its_token() {
    let script = Script::new().on(MINT, token("ghs_minted_first", SignedDuration::from_hours(1)));
    let scripted = quiet(script).start().await.unwrap();
    for key in ["app-pkcs1.pem", "app-pkcs8.pem"] {
        let log = Log::capture();
        let before = scripted.requests().len();
        let host = host(&source(scripted.url(), &key_file(key))).await;
        for _ in 0..2 {
            assert_eq!(outcome(&run(&host).await), ("ok", None));
        }
        let asked = asked(&scripted).split_off(before);
        assert_eq!(scripted.requests()[before].method, "POST");
        let (first, rest) = asked.split_first().unwrap();
        assert_eq!(first.0, MINT);
        let claims = claims(&first.1);
        let (begin, end) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        let now = Timestamp::now().as_second();
        assert!(begin < now && end > now && end - begin <= 600, "{claims}");
        assert_eq!(claims["iss"], "7");
        assert!(rest.len() >= 4 && rest.iter().all(|(_, token)| token == "ghs_minted_first"), "{rest:?}");
        assert_silent(&host, &log, &["ghs_minted_first", &first.1]).await;
        host.finish().await;
    }
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_replaced() {
    let script = Script::new().on_nth(MINT, 1, token("ghs_minted_first", SignedDuration::from_mins(4))).on_nth(
        MINT,
        2,
        token("ghs_minted_second", SignedDuration::from_hours(1)),
    );
    let scripted = quiet(script).start().await.unwrap();
    let host = host(&source(scripted.url(), &key_file("app-pkcs1.pem"))).await;
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    let tokens: Vec<String> =
        asked(&scripted).into_iter().filter(|(target, _)| target != MINT).map(|(_, token)| token).collect();
    assert_eq!(tokens[0], "ghs_minted_first");
    assert!(tokens.len() > 2 && tokens[1..].iter().all(|token| token == "ghs_minted_second"), "{tokens:?}");
    host.finish().await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let log = Log::capture();
    let refused = Answer::json(401, &json!({ "message": "Bad credentials: ghs_minted_first" }));
    let script = Script::new()
        .on_nth(MINT, 1, token("ghs_minted_first", SignedDuration::from_hours(1)))
        .on_nth(MINT, 2, token("ghs_minted_second", SignedDuration::from_hours(1)))
        .on_credential(PULLS, "Bearer ghs_minted_first", refused);
    let scripted = quiet(script).start().await.unwrap();
    let host = host(&source(scripted.url(), &key_file("app-pkcs1.pem"))).await;
    let summary = run(&host).await;
    assert_eq!((outcome(&summary), summary.retries), (("ok", None), 1));
    let targets: Vec<String> = asked(&scripted).into_iter().map(|(target, _)| target).take(4).collect();
    assert!(targets[0] == MINT && targets[1].starts_with(PULLS), "{targets:?}");
    assert!(targets[2] == MINT && targets[3] == targets[1], "{targets:?}");
    assert_silent(&host, &log, &["ghs_minted"]).await;
    host.finish().await;
}

#[tokio::test]
async fn an_app_that_is_refused_ends_the_run_with_what_to_look_at() {
    let log = Log::capture();
    for status in [401, 403, 404, 422] {
        let script = Script::new().on(MINT, Answer::json(status, &json!({ "message": "no" })));
        let scripted = quiet(script).start().await.unwrap();
        let host = host(&source(scripted.url(), &key_file("app-pkcs1.pem"))).await;
        assert_eq!(outcome(&run(&host).await), ("failed", Some("unauthorized")), "{status}");
        let told = format!("the source gave no token to the GitHub App: it answered with status {status}");
        log.assert_line(&["ended early", &told]);
        assert!(scripted.requests().iter().all(|request| request.target == MINT), "{status}");
        host.finish().await;
    }
}

#[tokio::test]
async fn an_outage_while_signing_in_passes() {
    let script = Script::new()
        .on_nth(MINT, 1, Answer::new(502, "<html>"))
        .on(MINT, token("ghs_minted_first", SignedDuration::from_hours(1)));
    let scripted = quiet(script).start().await.unwrap();
    let host = host(&source(scripted.url(), &key_file("app-pkcs1.pem"))).await;
    assert_eq!(outcome(&run(&host).await), ("ok", None));
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_is_wrong_with_an_app() {
    let script = Script::new().on(MINT, Answer::json(404, &json!({ "message": "Not Found" })));
    let scripted = script.start().await.unwrap();
    let site = Site::new(&source(scripted.url(), "app.pem"));
    let errors =
        |ran: &quintant_tests::Ran| ran.stderr.lines().filter(|line| line.starts_with("error")).collect::<String>();
    let ran = site.run(&["check"]);
    assert!(errors(&ran).contains("the secret file `") && errors(&ran).contains("app.pem` cannot be read"), "{ran:?}");
    site.write("app.pem", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    let ran = site.run(&["check"]);
    let told = "error: endpoint `api`: the key of the GitHub App is no RSA key in PEM form (`-----BEGIN RSA PRIVATE KEY-----`)";
    assert!(errors(&ran).starts_with(told), "{ran:?}");
    site.write("app.pem", &std::fs::read_to_string(key_file("app-pkcs1.pem")).unwrap());
    let ran = site.run(&["check", "--online"]);
    let told = "github: fail connection: the source gave no token to the GitHub App: it answered with status 404\n    \
                hint: compare `id`, `installation` and `key` with the app's settings\n";
    assert!(ran.stdout.ends_with(told), "{ran:?}");
}
