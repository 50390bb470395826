//! Canaries: words that only upstreams, rosters and secrets know. None of them comes out anywhere, whatever goes wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use quintant::config::Config;
use quintant::plugin::Limits;
use quintant_tests::{
    Host, HostOptions, Log, Site, TOKEN, WriteAheadLog, code_cache, ground, plugins, simulation_end, source_of,
};
use quintant_upstreams::configuration::{Chat, Options, Pipelines, write_configuration};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Behaviour, Script};
use quintant_upstreams::{github, jenkins, mattermost, nps};

/// Of a story that no other test tells.
const SEED: u64 = 4711;
const MARK: &str = "zqxcanary";

/// With a mark in every text that somebody wrote.
pub(crate) fn organisation() -> Organisation {
    let mut organisation = Organisation::generate(SEED, simulation_end());
    let mut number = 0;
    let mut mark = |text: &mut String| {
        number += 1;
        text.push_str(&format!(" {MARK}{number}"));
    };
    organisation.accounts.iter_mut().for_each(|account| mark(&mut account.name));
    organisation.roster.iter_mut().for_each(|row| row.person = format!("{} {MARK}", row.person));
    for repository in &mut organisation.repositories {
        for commit in &mut repository.commits {
            mark(&mut commit.message);
            mark(&mut commit.author.name);
        }
        for change in &mut repository.changes {
            mark(&mut change.title);
            change.body.iter_mut().for_each(&mut mark);
        }
    }
    organisation
}

/// Words of at least seven letters, and where a text holds one of them.
struct Canaries(HashMap<[u8; 7], Vec<Vec<u8>>>);

impl Canaries {
    fn of(organisation: &Organisation) -> Self {
        let mut words: Vec<String> = [MARK, "@example.invalid", "xylophone", TOKEN, github::TOKEN, mattermost::TOKEN]
            .map(str::to_owned)
            .into_iter()
            .chain([jenkins::Options::default().login()])
            .collect();
        words.extend(organisation.accounts.iter().map(|account| account.login.clone()));
        words.extend(organisation.roster.iter().map(|row| row.person.clone()));
        let commits = organisation.repositories.iter().flat_map(|repository| &repository.commits);
        words.extend(commits.map(|commit| commit.sha.clone()));
        let chat = &organisation.chat;
        words.extend(chat.users.iter().flat_map(|user| [user.id.clone(), user.username.clone()]));
        words.extend(chat.posts.iter().map(|post| post.id.clone()));
        words.retain(|word| word.len() >= 7);
        Self::from_words(&words)
    }

    /// As they are, and as the bytes of a column are shown.
    fn from_words(words: &[String]) -> Self {
        let hex = |word: &String| word.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut canaries: HashMap<[u8; 7], Vec<Vec<u8>>> = HashMap::new();
        for word in words.iter().cloned().chain(words.iter().map(hex)) {
            let Some(start) = word.as_bytes().first_chunk::<7>() else { continue };
            canaries.entry(*start).or_default().push(word.into_bytes());
        }
        Self(canaries)
    }

    fn assert_free(&self, what: &str, text: impl AsRef<[u8]>) {
        if let Some(found) = self.find(text.as_ref()) {
            panic!("{what} holds {found}");
        }
    }

    /// So that a search that finds nothing says something.
    fn assert_held(&self, what: &str, text: impl AsRef<[u8]>) {
        assert!(self.find(text.as_ref()).is_some(), "{what} is searched in vain");
    }

    /// The first of them, and what stands around it.
    fn find(&self, text: &[u8]) -> Option<String> {
        for (place, start) in text.windows(7).enumerate() {
            let start: &[u8; 7] = start.try_into().unwrap();
            for word in self.0.get(start).into_iter().flatten() {
                if text[place..].starts_with(word) {
                    let around = &text[place.saturating_sub(80)..(place + word.len() + 40).min(text.len())];
                    return Some(format!("`{}`: …{}…", String::from_utf8_lossy(word), String::from_utf8_lossy(around)));
                }
            }
        }
        None
    }
}

/// Four services that tell one marked story.
pub(crate) struct World {
    pub(crate) organisation: Arc<Organisation>,
    github: github::Simulation,
    jenkins: jenkins::Simulation,
    mattermost: mattermost::Simulation,
    nps: nps::Simulation,
}

impl World {
    pub(crate) async fn start(organisation: Organisation) -> Self {
        let organisation = Arc::new(organisation);
        let limitless =
            github::Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..github::Options::default() };
        Self {
            github: github::Simulation::start(Arc::clone(&organisation), limitless).await.unwrap(),
            jenkins: jenkins::Simulation::start(Arc::clone(&organisation), jenkins::Options::default()).await.unwrap(),
            mattermost: mattermost::Simulation::start(Arc::clone(&organisation), mattermost::Options::default())
                .await
                .unwrap(),
            nps: nps::Simulation::start(Arc::clone(&organisation), nps::Options::default()).await.unwrap(),
            organisation,
        }
    }

    /// With every source, as an operator writes it.
    pub(crate) async fn host(&self) -> Host {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            listen: "127.0.0.1:0".to_owned(),
            plugin: plugins().join("github.wasm").display().to_string(),
            jenkins: Some(Pipelines { url: self.jenkins.url().to_owned(), login: jenkins::Options::default().login() }),
            mattermost: Some(Chat {
                url: self.mattermost.url().to_owned(),
                token: mattermost::TOKEN.to_owned(),
                mode: "posts".to_owned(),
            }),
            nps: Some(self.nps.url().to_owned()),
            ..Options::default()
        };
        write_configuration(&self.organisation, folder.path(), self.github.url(), &options).unwrap();
        let days = ("minimum_group = 5", "minimum_group = 5\ndaily_system = true");
        Host::for_folder(folder, &[days], HostOptions { feeds: &[], ..HostOptions::default() }).await
    }
}

#[tokio::test]
async fn canary_words_of_four_sources_come_out_nowhere() {
    let log = Log::capture();
    let world = World::start(organisation()).await;
    let canaries = Canaries::of(&world.organisation);
    let host = world.host().await;
    let mut written = WriteAheadLog::keep(&host.database).await;
    for source in ["github", "jenkins", "mattermost", "nps"] {
        for summary in host.collect_from(source).await {
            assert!(summary.outcome != "failed" && summary.pages > 0, "{source}: {summary:?}");
        }
    }
    assert!(host.release().await > 0);
    assert_eq!(host.database.count("SELECT count(DISTINCT day) FROM release.day").await, 7);
    let person = world.organisation.roster[0].person.clone();
    host.app.opt_out(&person).await.unwrap();

    for table in ["change", "review", "commit", "build", "deployment", "usage", "survey_response"] {
        let rows = host.database.numbers_by(&format!("SELECT count(*) FROM raw.{table}")).await;
        assert!(rows[0] > 0 || table == "survey_response", "`{table}` is empty");
    }
    for path in [
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/api/v1/teams",
        "/api/v1/metrics/space?time_range=90d",
        "/api/v1/metrics/space/satisfaction",
        "/api/v1/metrics/space/performance",
        "/api/v1/metrics/space/performance?time_range=24h",
        "/api/v1/metrics/space/activity?team=team-amber",
        "/api/v1/metrics/space/communication?time_range=forever",
        "/api/v1/metrics/space/efficiency?from=soon",
        "/api/v1/metrics/space/nobody",
    ] {
        canaries.assert_free(path, host.get_text(path).await.1);
    }
    // Who asks with a name hears nothing of it in the log.
    host.get_text(&format!("/api/v1/metrics/space/activity?team={MARK}")).await;
    host.get_text(&format!("/{MARK}")).await;
    // What is in all of them: a team's name, as it is and as the bytes of a column, and what the host says of itself.
    let plain = Canaries::from_words(&["team-amber".to_owned(), "collected".to_owned()]);
    plain.assert_held("an answer", host.get_text("/api/v1/teams").await.1);
    let (dump, written) = (host.database.back_up(&[]), written.read(&host.database).await);
    canaries.assert_free("the dump", &dump);
    plain.assert_held("the dump", &dump);
    canaries.assert_free("the write-ahead log", &written);
    plain.assert_held("the write-ahead log", &written);
    let text = log.text();
    assert!(text.contains("TRACE"), "the log was not captured");
    canaries.assert_free("the log", &text);
    plain.assert_held("the log", &text);
    canaries.assert_free(
        "what a panic shows",
        format!("{:?} {:?}", host.app.setup.roster().unwrap(), host.app.setup.config),
    );
    let planted = format!("CREATE TABLE app.planted AS SELECT convert_to('{MARK}', 'UTF8') AS bytes");
    host.database.execute_by(&planted).await;
    canaries.assert_held("the dump of a planted word", host.database.back_up(&[]));
    host.finish().await;
}

/// Each as a service in trouble, or one that is not itself, answers: the mark is in all that can be shown.
fn troubles() -> Vec<Answer> {
    let html = format!("<html><body>{MARK} was here</body></html>");
    let json = serde_json::json!([{ "id": MARK, "message": MARK, "documentation_url": format!("https://{MARK}.example"),
        "errors": [{ "message": MARK, "type": MARK }], "full_name": format!("acme/{MARK}"), "jobs": MARK, "data": { "message": MARK } }]);
    vec![
        Answer::new(200, html.clone()),
        Answer::json(200, &json),
        Answer::json(200, &json[0]),
        Answer::new(500, html.clone()),
        Answer::json(401, &json[0]),
        Answer::json(403, &json[0]).header("x-reason", MARK),
        Answer::json(404, &json[0]),
        Answer::json(422, &json[0]),
        Answer::new(302, "").header("location", &format!("{{origin}}/{MARK}?{MARK}={MARK}")),
        Answer::new(302, "").header("location", &format!("https://elsewhere.example/{MARK}?{MARK}")),
        Answer::new(200, html.clone())
            .header("content-type", MARK)
            .header("link", &format!("<{{origin}}/{MARK}>; rel=\"next\"")),
        Answer::new(200, html.clone()).behaving(Behaviour::CloseMidBody { after: 20 }),
        Answer::new(200, format!("HTTP/1.1 999 {MARK}\r\n{MARK}\r\n\r\n")).behaving(Behaviour::Raw),
    ]
}

#[tokio::test]
async fn canary_words_of_a_service_in_trouble_come_out_nowhere() {
    let log = Log::capture();
    let canaries = Canaries::from_words(&[MARK.to_owned(), TOKEN.to_owned()]);
    let settings = [
        ("github", "repositories = [\"acme/app\"]"),
        ("jenkins", "deployments = []"),
        ("mattermost", "mode = \"posts\""),
        ("nps", ""),
    ];
    for (plugin, settings) in settings {
        let mut services = Vec::new();
        let mut text = ground();
        for (number, trouble) in troubles().into_iter().enumerate() {
            let scripted = Script::new().on("/", trouble).start().await.unwrap();
            let auth = if plugin == "jenkins" { "basic" } else { "bearer" };
            let section = source_of(plugin, scripted.url(), settings).split_off(ground().len());
            let name = |name: &str| format!("name = \"{name}\"\n");
            text += &section.replace("bearer", auth).replacen(&name(plugin), &name(&format!("trouble-{number}")), 1);
            services.push(scripted);
        }
        let limits = Limits { retry_pause: Duration::from_millis(1), ..Limits::default() };
        let host = Host::for_text(&text, HostOptions { limits, ..HostOptions::default() }).await;
        for (number, service) in services.iter().enumerate() {
            let summaries = host.collect_from(&format!("trouble-{number}")).await;
            assert!(!service.requests().is_empty(), "`{plugin}` asks nothing");
            canaries.assert_free(&format!("a summary of `{plugin}` {number}"), format!("{summaries:?}"));
        }
        canaries.assert_free(&format!("the dump of `{plugin}`"), host.database.back_up(&[]));
        for path in ["/metrics", "/health", "/api/v1/metrics/space"] {
            canaries.assert_free(path, host.get_text(path).await.1);
        }
        host.finish().await;
        canaries.assert_free(&format!("the log of `{plugin}`"), log.text());
    }
}

#[test]
fn canary_words_of_a_wrong_configuration_come_out_nowhere() {
    let canaries = Canaries::from_words(&[MARK.to_owned()]);
    let secrets = [
        format!("[database]\nurl = \"postgres://{MARK}:{MARK}@db/{MARK}\"\n"),
        format!("[privacy]\nidentity_key = \"{MARK}\"\n"),
        format!(
            "[[source]]\nname = \"github\"\nplugin = \"github\"\n[source.endpoints.api]\nurl = \"https://{MARK}@api.example\"\n"
        ),
        format!(
            "[[source]]\nname = \"github\"\nplugin = \"github\"\n[source.endpoints.api]\nurl = \"https://a.example\"\nauth = {{ bearer = \"{MARK}\" }}\n"
        ),
        format!("[server]\nlisten = {MARK}\n"),
    ];
    for text in secrets {
        let error = Config::parse(std::path::Path::new("/nowhere/quintant.toml"), &text).unwrap_err();
        canaries.assert_free(&text, format!("{error} {error:?}"));
    }
    let teams = "[[team]]\nname = \"payments\"\n[roster]\nfile = \"roster.csv\"\n";
    let site = Site::new(&format!("[server]\nlisten = \"127.0.0.1:0\"\n{}{teams}", code_cache()));
    site.write("roster.csv", &format!("person,team,from\n{MARK},{MARK},{MARK}\n{MARK},payments\n,{MARK}\n"));
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    canaries.assert_free("what `check` says of a roster", ran.stdout + &ran.stderr);
}
