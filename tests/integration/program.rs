//! The `quintant` program as an operator uses it: what it prints, and the code it ends with.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::Timestamp;
use quintant_tests::{Database, Ran, SEED, Site, TOKEN, code_cache, github_source, guests, plugins, quintant};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use serde_json::{Value, json};

/// An organisation up to this moment: the program goes by the real clock.
async fn simulation() -> Simulation {
    let organisation = Organisation::generate(SEED, Timestamp::now());
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    Simulation::start(Arc::new(organisation), options).await.unwrap()
}

fn site_of(simulation: &Simulation) -> Site {
    Site::for_organisation(simulation.organisation(), simulation.url())
}

/// A source that is not reached, and its roster.
fn offline_site() -> Site {
    let teams = "[[team]]\nname = \"payments\"\n[roster]\nfile = \"roster.csv\"\n";
    let site =
        Site::new(&format!("{}{teams}", github_source("http://127.0.0.1:9", "repositories = [\"octo/payments\"]")));
    site.write("roster.csv", "person,team,from,github\nMade-up Person,payments,2026-01-05,made-up-login\n");
    site
}

fn json_lines(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn json_of(ran: &Ran) -> Value {
    let lines = json_lines(ran);
    assert_eq!(lines.len(), 1, "{ran:?}");
    lines[0].clone()
}

/// The error that a run ended with, without the names of this machine's folders.
fn check_error(site: &Site, arguments: &[&str], code: i32, expected: &Expect) {
    let ran = site.run(arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{ran:?}");
    let log = ran.stderr.find("error: ").unwrap();
    expected.assert_eq(&ran.stderr[log..].replace(site.folder().to_str().unwrap(), "SITE"));
}

fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.append(&mut files_below(&path));
        }
        files.insert(path.display().to_string());
    }
    files
}

#[test]
fn help_lists_the_commands() {
    let ran = quintant(&["--help"], &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for command in [
        "serve", "check", "schema", "run-once", "backfill", "status", "release", "privacy", "roster", "migrate",
        "plugin",
    ] {
        assert!(ran.stdout.contains(&format!("\n  {command} ")), "{command}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("0 done, 1 failed, 2 wrong usage, 78 wrong configuration"), "{}", ran.stdout);
    for variable in ["QUINTANT_LOG", "QUINTANT_LOG_FORMAT"] {
        assert!(ran.stdout.contains(variable), "{variable}: {}", ran.stdout);
    }
    let ran = quintant(&["--version"], &[]);
    assert_eq!((ran.code, ran.stdout), (Some(0), format!("quintant {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &[][..],
        &["collect"],
        &["run-once"],
        &["run-once", "Git Hub"],
        &["release"],
        &["status", "--verbose"],
        &["status", "--format", "yaml"],
        &["status", "--log-format", "xml"],
    ] {
        let ran = quintant(arguments, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("--help"), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn schema_needs_no_configuration() {
    let ran = quintant(&["schema", "--config", "/no/such.toml"], &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), quintant::config::schema());
}

#[test]
fn a_wrong_log_filter_is_refused() {
    let ran = quintant(&["schema"], &[("QUINTANT_LOG", "debgu")]);
    let error = "error: `QUINTANT_LOG` is wrong: `debgu` is none of the levels `error`, `warn`, `info`, `debug`, `trace`, \
                 `off`; write for example `debug`, `warn` or `info,sqlx=debug`\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(2), "", error));
    assert_eq!(quintant(&["schema"], &[("QUINTANT_LOG", "warn,sqlx=debug")]).code, Some(0));
}

#[test]
fn mistakes_are_lines_of_a_log_in_json() {
    let site = offline_site();
    site.edit("[release]", "[release]\nbegin = \"hunter2\"\nsettle = 5");
    let ran = site.run(&["serve", "--log-format", "json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(78), ""), "{ran:?}");
    let lines: Vec<Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |line: &Value| (line["level"].clone(), line["line"].clone(), line["message"].clone());
    assert_eq!(
        lines.iter().map(said).collect::<Vec<_>>(),
        [
            (json!("ERROR"), json!(6), json!("unknown key `begin` in `release`")),
            (json!("ERROR"), json!(7), json!("`settle` is a number; it should be a string")),
        ]
    );
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn a_wrong_configuration_ends_with_78_at_its_place() {
    let site = offline_site();
    site.edit("[release]", "[release]\nbegin = \"auto\"");
    for command in [&["check"][..], &["serve"], &["status"], &["run-once", "github"], &["migrate"]] {
        check_error(
            &site,
            command,
            78,
            &expect![[r#"
                error: unknown key `begin` in `release`
                 --> SITE/quintant.toml:6:1
                  |
                6 | begin = "****"
                  | ^^^^^
                  |
                  = help: allowed are `start`, `settle`

                error: 1 mistake in SITE/quintant.toml
            "#]],
        );
    }
    std::fs::remove_file(site.folder().join("quintant.toml")).unwrap();
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: `SITE/quintant.toml` cannot be read: No such file or directory (os error 2)
        "#]],
    );
}

#[test]
fn check_is_content_with_what_is_right() {
    let site = offline_site();
    let before = files_below(site.folder());
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (source, rest) = ran.stdout.split_once('\n').unwrap();
    let digest =
        source.strip_prefix(&format!("source `github`: plugin `github` {}, sha256 ", env!("CARGO_PKG_VERSION")));
    assert!(digest.is_some_and(|digest| digest.len() == 64), "{source}");
    assert_eq!(rest, "the configuration is good; `check --online` asks the sources\n");
    assert_eq!(json_of(&site.run(&["check", "--format", "json"])), json!({ "ok": true }));
    assert_eq!(files_below(site.folder()), before);
}

#[test]
fn plugins_are_compiled_ahead_and_each_has_its_line() {
    let site = offline_site();
    site.edit(&code_cache(), "[plugins]\ncache = \"cache\"\n");
    let ran = site.run(&["plugin", "compile"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let start = format!("plugin `github` {}: compiled in ", env!("CARGO_PKG_VERSION"));
    assert!(ran.stdout.starts_with(&start) && ran.stdout.ends_with(" kB\n"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 1);

    let guest = guests().join("misbehaving.wasm");
    let text = site.folder().join("text.wasm");
    site.write("text.wasm", "no component");
    let named = ["plugin", "compile", guest.to_str().unwrap(), text.to_str().unwrap(), "--format", "json"];
    let ran = site.run(&named);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains(&format!("error: plugin `{}` is no WebAssembly component: ", text.display())));
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (failed, compiled): (Vec<&Value>, _) = lines.iter().partition(|line| line["error"].is_string());
    let ([failed], [told]) = (failed.as_slice(), compiled.as_slice()) else { panic!("{lines:?}") };
    assert_eq!(failed["file"], json!(text));
    assert!(failed["error"].as_str().unwrap().contains("is no WebAssembly component: "), "{failed}");
    assert_eq!(
        (&told["plugin"], &told["version"], &told["file"]),
        (&json!("misbehaving"), &json!("0.1.0"), &json!(guest))
    );
    assert!(told["code_bytes"].as_u64() > Some(10_000) && told["compiled_seconds"].as_f64() > Some(0.0), "{told}");
    assert_eq!(told["sha256"].as_str().unwrap().len(), 64);

    let ran = site.run(&["plugin", "compile", text.to_str().unwrap(), "--log-format", "json"]);
    let said: Value = serde_json::from_str(ran.stderr.lines().last().unwrap()).unwrap();
    assert!(said["message"].as_str().unwrap().contains("is no WebAssembly component: "), "{said}");

    let told = json_of(&site.run(&["plugin", "compile", "--format", "json"]));
    assert_eq!((&told["plugin"], &told["compiled_seconds"]), (&json!("github"), &Value::Null));
    assert!(site.run(&["check"]).stderr.lines().all(|line| !line.contains("compiling")), "it was compiled already");
}

#[test]
fn the_shipped_example_passes_check() {
    let text = include_str!("../../config/quintant.toml");
    let mut site = Site::new(text);
    site.write("roster.csv", include_str!("../../config/roster.csv"));
    site.edit("\"../target/plugins\"", &format!("\"{}\"", plugins().display()));
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the environment variable `GITHUB_TOKEN` is not set
               --> SITE/quintant.toml:190:8
                |
            190 | auth = { bearer = { env = "************" } }
                |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.set("GITHUB_TOKEN", TOKEN);
    assert_eq!(site.run(&["check"]).code, Some(0));

    let others: String =
        text.lines().filter_map(|line| line.strip_prefix("#   ")).map(|line| format!("{line}\n")).collect();
    site.write("quintant.toml", &format!("{}\n{others}", site.text()));
    for variable in ["JENKINS_LOGIN", "MATTERMOST_TOKEN"] {
        site.set(variable, TOKEN);
    }
    let ran = site.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let read_by = |name: &str| ran.stdout.contains(&format!("source `{name}`: plugin `{name}` "));
    assert!(["github", "jenkins", "mattermost", "nps"].into_iter().all(read_by), "{ran:?}");
}

#[test]
fn check_names_what_is_missing() {
    let site = offline_site();
    site.edit("{ bearer = { file = \"github.token\" } }", "{ bearer = { env = \"QUINTANT_NO_SUCH\" } }");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the environment variable `QUINTANT_NO_SUCH` is not set
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { bearer = { env = "****************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("{ env = \"QUINTANT_NO_SUCH\" }", "{ file = \"no-such.token\" }");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the secret file `SITE/no-such.token` cannot be read: No such file or directory (os error 2)
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { bearer = { file = "*************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.write("no-such.token", "\n");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the secret in `SITE/no-such.token` is empty
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { bearer = { file = "*************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.write("no-such.token", "two\nlines");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the secret in `SITE/no-such.token` is no text without control characters of at most 16384 bytes
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { bearer = { file = "*************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.write("no-such.token", TOKEN);
    site.edit("{ bearer = ", "{ basic = ");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api` cannot be used with `basic`; the plugin allows: none, bearer, github_app
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { basic = { file = "*************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("{ basic = ", "{ bearer = ");
    site.edit("[source.endpoints.api]", "[source.endpoints.rest]");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: unknown endpoint `rest`
              --> SITE/quintant.toml:13:19
               |
            13 | [source.endpoints.rest]
               |                   ^^^^
               |
               = help: allowed is `api`

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("[source.endpoints.rest]", "[source.endpoints.api]");
    site.edit(&format!("\"{}\"", plugins().join("github.wasm").display()), "\"gitlab\"");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: plugin `SITE/plugins/gitlab.wasm` cannot be read: No such file or directory (os error 2)
              --> SITE/quintant.toml:11:10
               |
            11 | plugin = "gitlab"
               |          ^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
}

#[test]
fn check_compares_the_settings_with_the_plugins_schema() {
    let site = offline_site();
    let given = "repositories = [\"octo/payments\"]";
    site.edit(given, "repositories = [\"octo/payments\"]\nbranch = \"main\"");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: unknown setting `branch` in `settings`
              --> SITE/quintant.toml:19:1
               |
            19 | branch = "****"
               | ^^^^^^
               |
               = help: allowed are `comments`, `copilot`, `deployments`, `forks`, `incident_labels`, `incident_severity_prefix`, `organizations`, `page_size`, `pull_requests_by`, `releases_as_deployments`, `repositories`, `services`, `teams`, `workflow_runs`

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("branch = \"main\"", "page_size = 101");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: `settings.page_size` is wrong: the largest allowed is 100
              --> SITE/quintant.toml:19:13
               |
            19 | page_size = 101
               |             ^^^ the largest allowed is 100

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("page_size = 101", "");
    site.edit(given, "repositories = [\"octo/payments\", \"payments\"]");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: `settings.repositories.1` is wrong: not of the form that the plugin asks for
              --> SITE/quintant.toml:18:34
               |
            18 | repositories = ["*************", "payments"]
               |                                  ^^^^^^^^^^ not of the form that the plugin asks for
               |
               = help: it has to match `^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$`

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.edit("repositories = [\"octo/payments\", \"payments\"]", "");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: one of `repositories`, `organizations` is missing in `settings`
              --> SITE/quintant.toml:17:1
               |
            17 | [source.settings]
               | ^^^^^^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
}

#[test]
fn check_says_what_is_wrong_in_every_source_at_once() {
    let other = "[[source]]\nname = \"other\"\nplugin = \"no-such\"\n";
    let text = github_source("http://127.0.0.1:9", "repositorys = [\"octo/payments\"]\npage_size = \"many\"");
    let site = Site::new(&format!("{text}[source.endpoints.apl]\n{other}"));
    site.edit("{ bearer = { file = \"github.token\" } }", "{ bearer = { env = \"QUINTANT_NO_SUCH\" } }");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: endpoint `api`: the environment variable `QUINTANT_NO_SUCH` is not set
              --> SITE/quintant.toml:15:8
               |
            15 | auth = { bearer = { env = "****************" } }
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            error: one of `repositories`, `organizations` is missing in `settings`
              --> SITE/quintant.toml:17:1
               |
            17 | [source.settings]
               | ^^^^^^^^^^^^^^^^^

            error: unknown setting `repositorys` in `settings`
              --> SITE/quintant.toml:18:1
               |
            18 | repositorys = ["*************"]
               | ^^^^^^^^^^^ did you mean `repositories`?
               |
               = help: allowed are `comments`, `copilot`, `deployments`, `forks`, `incident_labels`, `incident_severity_prefix`, `organizations`, `page_size`, `pull_requests_by`, `releases_as_deployments`, `repositories`, `services`, `teams`, `workflow_runs`

            error: `settings.page_size` is a string; it should be of type integer
              --> SITE/quintant.toml:19:13
               |
            19 | page_size = "****"
               |             ^^^^^^ expected integer

            error: unknown endpoint `apl`
              --> SITE/quintant.toml:20:19
               |
            20 | [source.endpoints.apl]
               |                   ^^^ did you mean `api`?
               |
               = help: allowed is `api`

            error: plugin `SITE/plugins/no-such.wasm` cannot be read: No such file or directory (os error 2)
              --> SITE/quintant.toml:23:10
               |
            23 | plugin = "no-such"
               |          ^^^^^^^^^

            error: 6 mistakes in SITE/quintant.toml
        "#]],
    );
    let ran = site.run(&["check", "--format", "json"]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mistakes = said["mistakes"].as_array().unwrap();
    assert_eq!((&said["ok"], mistakes.len()), (&json!(false), 6), "{said:#}");
    let first = &mistakes[0];
    let line = site.text().lines().position(|line| line.contains("QUINTANT_NO_SUCH")).unwrap() + 1;
    assert_eq!(first["path"], site.folder().join("quintant.toml").to_str().unwrap());
    assert_eq!(
        [&first["line"], &first["column"], &first["end_line"], &first["end_column"]],
        [line, 8, line, 49],
        "{first:#}"
    );
    assert_eq!(first["message"], "endpoint `api`: the environment variable `QUINTANT_NO_SUCH` is not set");
}

#[test]
fn check_repeats_no_secret_that_stands_among_the_settings() {
    let good = "repositories = [\"octo/payments\"]";
    for wrong in [
        "token = \"hunter2\"",
        "token = { value = \"hunter2\" }",
        "page_size = \"hunter2\"",
        "page_size = 101 # hunter2",
    ] {
        let site = Site::new(&github_source("http://127.0.0.1:9", &format!("{good}\n{wrong}")));
        for format in ["text", "json"] {
            let ran = site.run(&["check", "--format", format]);
            assert_eq!(ran.code, Some(78), "{ran:?}");
            assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
        }
    }
}

#[test]
fn check_names_the_rosters_line_and_no_person() {
    let site = offline_site();
    let head = "person,team,from,github\nMade-up Person,payments,2026-01-05,made-up-login\n";
    let check = |line: &str, expected: &Expect| {
        site.write("roster.csv", &format!("{head}{line}\n"));
        let ran = site.run(&["check"]);
        for text in ["Made-up", "made-up"] {
            assert!(!ran.stderr.contains(text), "{}", ran.stderr);
        }
        check_error(&site, &["check"], 78, expected);
    };
    check(
        "Made-up Second,billing,2026-01-05,made-up-2",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: no such team is configured; there are: payments
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        "Made-up Second,payments,5 January,made-up-2",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: `from` is no date; write it as `2026-01-05`
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        "Made-up Second,payments,2026-01-05",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: is not CSV with as many fields as the header
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        "Made-up Second,payments,2026-01-05,MADE-UP-LOGIN",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: an account of this line belongs to another person already
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        "payments,Made-up Second,2026-01-05,made-up-2",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: no such team is configured; there are: payments
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        "2026-01-05,payments,Made-up Second,made-up-2",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: `from` is no date; write it as `2026-01-05`
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    check(
        ",payments,2026-01-05,made-up-2",
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 3: `person` is empty; any name will do, it is never stored
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    site.write("roster.csv", "person,team,from,gitlab\n");
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: `SITE/roster.csv`: roster line 1: column `gitlab` is no source; sources are: github
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
    std::fs::remove_file(site.folder().join("roster.csv")).unwrap();
    check_error(
        &site,
        &["check"],
        78,
        &expect![[r#"
            error: the roster `SITE/roster.csv` cannot be read: No such file or directory (os error 2)
              --> SITE/quintant.toml:22:8
               |
            22 | file = "roster.csv"
               |        ^^^^^^^^^^^^

            error: 1 mistake in SITE/quintant.toml
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_asks_the_source() {
    let simulation = simulation().await;
    let site = site_of(&simulation);
    let items = json_lines(&site.run(&["check", "--online", "--format", "json"]));
    let status_of = |name: &str| {
        items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{items:?}"))["status"].clone()
    };
    assert_eq!((status_of("api reachable"), status_of("credential")), (json!("pass"), json!("pass")));
    for repository in simulation.organisation().configured_repositories() {
        assert_ne!(status_of(&format!("repository {repository}")), "fail");
    }
    assert_eq!(items.last(), Some(&json!({ "ok": true })));
    assert!(site.run(&["check", "--online"]).stdout.contains("\ngithub: pass credential: "));

    site.write("github.token", "a-token-that-is-wrong");
    for format in ["text", "json"] {
        let ran = site.run(&["check", "--online", "--format", format]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(!format!("{ran:?}").contains("a-token-that-is-wrong"), "{ran:?}");
        let sign = if format == "text" { "github: fail credential: " } else { "\"status\":\"fail\"" };
        assert!(ran.stdout.contains(sign), "{ran:?}");
        assert_eq!(ran.stdout.ends_with("\n{\"ok\":false}\n"), format == "json", "{ran:?}");
    }
}

#[test]
fn a_source_that_is_not_configured_is_answered_with_those_that_are() {
    let site = offline_site();
    check_error(
        &site,
        &["run-once", "nosuch", "--dry-run"],
        1,
        &expect![[r#"
            error: there is no source `nosuch`; configured are: github
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_pseudonyms_and_writes_nothing() {
    let simulation = simulation().await;
    let site = site_of(&simulation);
    // There is no database to ask.
    assert!(!site.folder().join("database.url").exists());
    let before = files_below(site.folder());
    let ran = site.run(&["run-once", "github", "--dry-run", "--format", "json"]);
    let lines = json_lines(&ran);
    let (facts, runs): (Vec<Value>, Vec<Value>) = lines.into_iter().partition(|line| line.get("kind").is_some());
    let told: Vec<(&str, &str)> =
        runs.iter().map(|run| (run["feed"].as_str().unwrap(), run["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [("pull_requests", "ok"), ("commits", "ok")]);
    assert_eq!(runs.iter().map(|run| run["facts"].as_u64().unwrap()).sum::<u64>(), facts.len() as u64);
    assert!(facts.len() > 1000, "only {} facts", facts.len());
    for fact in &facts {
        let keys: Vec<&str> = fact.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["at", "key", "kind", "week"], "{fact}");
    }
    let organisation = simulation.organisation();
    let people = organisation.accounts.iter().flat_map(|account| [&account.login, &account.email, &account.name]);
    let repositories = organisation.repositories.iter().map(|repository| &repository.name);
    let shas = organisation.repositories.iter().flat_map(|repository| &repository.commits).map(|commit| &commit.sha);
    let titles =
        organisation.repositories.iter().flat_map(|repository| &repository.changes).map(|change| &change.title);
    for secret in people.chain(repositories).chain(shas).chain(titles) {
        assert!(!ran.stdout.contains(secret.as_str()), "`{secret}` is printed");
    }
    for account in &organisation.accounts {
        assert!(!ran.stderr.contains(&account.login) && !ran.stderr.contains(&account.email), "{}", ran.stderr);
    }
    assert!(site.run(&["run-once", "github", "--dry-run"]).stdout.contains("\ncommits: ok: "));
    assert_eq!(files_below(site.folder()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_database_to_released_figures() {
    let simulation = simulation().await;
    let database = Database::create().await;
    let site = site_of(&simulation);
    site.write("database.url", &database.url());
    let json = |arguments: &[&str]| json_of(&site.run(&[arguments, &["--format", "json"]].concat()));

    assert_eq!(site.run(&["migrate"]).stdout, "the database is at this version's schema\n");
    assert_eq!(json(&["migrate"]), json!({ "ok": true }));
    let never = json!({ "feeds": [
        { "source": "github", "feed": "pull_requests", "last_run": null, "next_run": null, "read_by": null, "counts_from": null,
          "covered": null },
        { "source": "github", "feed": "commits", "last_run": null, "next_run": null, "read_by": null, "counts_from": null,
          "covered": null },
    ] });
    assert_eq!(json(&["status"]), never);
    expect![[r#"
        github/pull_requests
          last run   never
          covered    nothing yet: no run was complete
        github/commits
          last run   never
          covered    nothing yet: no run was complete
    "#]]
    .assert_eq(&site.run(&["status"]).stdout);
    let text = site.run(&["release", "status"]).stdout;
    for line in [
        "nothing is released before `quintant release start`; 0 atoms are due then",
        "accounts   0 belong to somebody on the roster, 0 do not",
        "  change: waits for the first complete run of `github/pull_requests`",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    check_error(
        &site,
        &["run-once", "nosuch"],
        1,
        &expect![[r#"
            error: there is no source `nosuch`; configured are: github
        "#]],
    );

    let runs = json_lines(&site.run(&["run-once", "github", "--format", "json"]));
    assert_eq!(runs.iter().map(|run| &run["outcome"]).collect::<Vec<_>>(), ["ok", "ok"]);
    let status = json(&["status"]);
    for (feed, run) in status["feeds"].as_array().unwrap().iter().zip(&runs) {
        assert_eq!((&feed["feed"], &feed["last_run"]["facts"]), (&run["feed"], &run["facts"]), "{status}");
        let [requests, retries, waited] = ["requests", "retries", "waited_seconds"].map(|key| &feed["last_run"][key]);
        assert!(requests.as_u64() > Some(0) && *retries == 0 && *waited == 0, "{status}");
        assert!(feed["covered"]["through"].is_string() && feed["last_run"]["ended"].is_string(), "{status}");
    }
    let text = site.run(&["status"]).stdout;
    assert!(text.starts_with("github/pull_requests\n  last run   20") && text.contains(" ok: "), "{text}");
    assert!(text.contains(" requests\n") && !text.contains("waited"), "{text}");

    assert_eq!(database.count("SELECT count(*) FROM release.atom").await, 0);
    let waiting = json(&["release", "status"]);
    assert_eq!((&waiting["started"], &waiting["released_atoms"]), (&Value::Null, &json!(0)), "{waiting}");
    let due = waiting["due_atoms"].as_u64().unwrap();
    assert!(due > 0 && waiting["accounts"]["matched"].as_u64().unwrap() > 0, "{waiting}");
    assert_eq!(waiting["people"]["on_roster"].as_u64().unwrap(), people_of(simulation.organisation()), "{waiting}");
    let text = site.run(&["release", "status"]).stdout;
    assert!(
        text.starts_with(&format!("nothing is released before `quintant release start`; {due} atoms are due then\n")),
        "{text}"
    );

    let started = json(&["release", "start"]);
    assert_eq!(started["released_atoms_now"].as_u64(), Some(due), "{started}");
    assert_eq!(database.count("SELECT count(*) FROM release.atom").await, i64::try_from(due).unwrap());
    let after = json(&["release", "status"]);
    assert_eq!((&after["started"], &after["released_atoms"]), (&started["started"], &json!(due)), "{after}");
    let again = site.run(&["release", "start"]).stdout;
    assert_eq!(again, format!("releasing since {}; 0 atoms were released now\n", started["started"].as_str().unwrap()));
    let text = site.run(&["release", "status"]).stdout;
    assert!(text.starts_with("releasing since 20") && !text.contains("days of what runs"), "{text}");

    assert_eq!(after["days"], Value::Null);
    assert!(!site.run(&["check"]).stdout.contains("daily_system"));
    site.edit("minimum_group = 5", "minimum_group = 5\ndaily_system = true");
    let waits = "no source brings what it rests on";
    assert_eq!(json(&["release", "status"])["days"], waits);
    let text = site.run(&["release", "status"]).stdout;
    let told = format!("\ndays of what runs, which `privacy.daily_system` has told\n  organization: {waits}\n");
    assert!(text.ends_with(&told), "{text}");
    let text = site.run(&["check"]).stdout;
    assert!(text.contains("\n`privacy.daily_system` is on: from 50 people on, days of builds, "), "{text}");
    site.write("roster.csv", "person,team,from,github\nMade-up Person,,2026-01-05,made-up-login\n");
    assert_eq!(json(&["release", "status"])["days"], "wait for a roster of 50 people");
    database.drop_now().await;
}

fn people_of(organisation: &Organisation) -> u64 {
    let people: BTreeSet<&str> = organisation.roster.iter().map(|row| row.person.as_str()).collect();
    people.len() as u64
}
