//! What is written is what an operator would write.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::jenkins;
use crate::organisation::Scale;

#[test]
fn the_configuration_is_toml_and_the_roster_names_everybody() {
    let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path =
        write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &Options::default()).unwrap();
    let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(settings["team"].as_array().unwrap().len(), 7);
    assert_eq!(settings["source"][0]["endpoints"]["api"]["auth"]["bearer"]["file"].as_str(), Some("github.token"));
    let repositories = settings["source"][0]["settings"]["repositories"].as_array().unwrap();
    assert!(repositories.iter().any(|name| name.as_str() == Some("acme/amber-legacy")));
    assert_eq!(fs::read_to_string(directory.path().join("github.token")).unwrap(), github::TOKEN);
    let roster = fs::read_to_string(directory.path().join("roster.csv")).unwrap();
    assert!(roster.starts_with("person,team,from,github\nPerson 001,team-amber,"), "{roster}");
    assert_eq!(roster.lines().count(), organisation.roster.len() + 1);
}

#[test]
fn each_source_has_a_section_and_what_knows_people_a_column_and_a_secret_of_its_own() {
    let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let chat = Chat { url: "http://127.0.0.1:5000".to_owned(), token: "secret".to_owned(), mode: "posts".to_owned() };
    let options = Options {
        plugin: "/plugins/github.wasm".to_owned(),
        jenkins: Some(Pipelines { url: "http://127.0.0.1:7000/jenkins".to_owned(), login: "user:secret".to_owned() }),
        mattermost: Some(chat),
        nps: Some("http://127.0.0.1:6000".to_owned()),
        ..Options::default()
    };
    let path = write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &options).unwrap();
    let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let sources = settings["source"].as_array().unwrap();
    let plugins: Vec<(&str, &str)> =
        sources.iter().map(|source| (source["name"].as_str().unwrap(), source["plugin"].as_str().unwrap())).collect();
    let expected = [
        ("github", "/plugins/github.wasm"),
        ("jenkins", "/plugins/jenkins.wasm"),
        ("mattermost", "/plugins/mattermost.wasm"),
        ("nps", "/plugins/nps.wasm"),
    ];
    assert_eq!(plugins, expected);
    assert_eq!(
        sources[1]["settings"]["deployments"].as_array().unwrap().len(),
        jenkins::settings()["deployments"].as_array().unwrap().len()
    );
    for (file, secret) in [("mattermost.token", "secret"), ("jenkins.login", "user:secret")] {
        let path = directory.path().join(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), secret);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let roster = fs::read_to_string(directory.path().join("roster.csv")).unwrap();
    assert!(roster.starts_with("person,team,from,github,mattermost\n"), "{roster}");
    assert!(roster.contains(",person.002\n"), "{roster}");
}

#[test]
fn a_service_belongs_to_the_team_whose_repository_it_comes_from() {
    let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path =
        write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &Options::default()).unwrap();
    let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let services = settings["service"].as_array().unwrap();
    let find = |name: &str| services.iter().find(|service| service["name"].as_str() == Some(name));
    let expect = |name: &str, keys: [&str; 3]| {
        let service = find(name).unwrap_or_else(|| panic!("`{name}` is not there"));
        assert_eq!(
            ["team", "repositories", "pipelines"].map(|key| serde_json::to_string(&service[key]).unwrap()),
            keys
        );
    };
    expect(
        "amber-gateway",
        ["\"team-amber\"", "[\"acme/amber-gateway\",\"acme/amber-legacy\"]", "[\"amber/gateway\"]"],
    );
    expect("grove-data", ["\"team-grove\"", "[\"acme/grove-data\"]", "[\"acme/grove-data/build.yml\"]"]);
    let jobs =
        "[\"birch/web\",\"birch/deploy/web-staging\",\"birch/deploy/web-production\",\"birch/deploy/web-rollback\"]";
    expect("birch-web", ["\"team-birch\"", "[\"acme/birch-web\"]", jobs]);
    assert!(find("infrastructure").is_none(), "nobody owns its repository");
}

#[test]
fn names_are_unique_in_an_organisation_of_several_divisions() {
    let scale = Scale { divisions: 3, weeks: 4 };
    let organisation = Organisation::generate_at(scale, 1, "2026-07-01T12:00:00Z".parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path =
        write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &Options::default()).unwrap();
    let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for section in ["team", "service"] {
        let sections = settings[section].as_array().unwrap();
        let names: BTreeSet<&str> = sections.iter().map(|section| section["name"].as_str().unwrap()).collect();
        assert_eq!((names.len(), names.len() % 3), (sections.len(), 0), "{section}: {names:?}");
    }
    let pipelines: Vec<&str> = settings["service"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|service| service["pipelines"].as_array().unwrap())
        .map(|pipeline| pipeline.as_str().unwrap())
        .collect();
    assert_eq!(pipelines.iter().collect::<BTreeSet<_>>().len(), pipelines.len(), "{pipelines:?}");
}
