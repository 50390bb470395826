//! Mistakes in the configuration are reported at their place, and what is shipped is right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use quintant::config::{Config, Style};
use serde_json::Value;

const EXAMPLE: &str = include_str!("../../config/quintant.toml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("quintant.toml"), text).map_err(|error| error.to_string())
}

/// The files of a folder of the workspace that end so, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// `key = value` of a line that shows a key which is left out.
fn left_out(line: &str) -> Option<&str> {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()))
}

/// The example with some of the keys that it leaves out, by their line's number.
fn example_with(is_wanted: impl Fn(usize) -> bool) -> String {
    let line = |(number, line)| left_out(line).filter(|_| is_wanted(number)).unwrap_or(line);
    EXAMPLE.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The keys that are allowed where the text has `probe`, by what is said about it.
fn allowed_at_probe(text: &str) -> BTreeSet<String> {
    let Err(error) = Config::parse(Path::new("quintant.toml"), text) else { return BTreeSet::new() };
    let said = error.reports().into_iter().find(|report| report.message.contains("unknown key `probe`"));
    // The names below `endpoints` and `settings` are free.
    let help = said.map(|report| report.help.unwrap()).unwrap_or_default();
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The schema at a place of the file: `source.endpoints.api.auth`.
fn schema_at(path: &str) -> Value {
    let mut schema = quintant::config::schema();
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let part =
            [&schema["properties"][key], &schema["additionalProperties"]].into_iter().find(|part| part.is_object());
        let part = part.unwrap_or_else(|| panic!("`{key}` of `{path}` is not in the schema")).clone();
        // One, or a list of the same.
        let part =
            if part["properties"].is_null() && part["oneOf"].is_array() { part["oneOf"][0].clone() } else { part };
        schema = if part["items"].is_object() { part["items"].clone() } else { part };
    }
    schema
}

fn keys_of(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// A configuration as JSON Schema sees it.
fn as_json(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

#[test]
fn every_mistake_is_reported_at_its_place() {
    let cases = files("tests/cases/config", "toml");
    for case in &cases {
        let text = std::fs::read_to_string(case).unwrap();
        let name = Path::new(case.file_name().unwrap());
        let message = match Config::parse(name, &text) {
            Ok(_) => panic!("`{}` is accepted", case.display()),
            Err(error) => format!("{error}\n"),
        };
        expect_file![case.with_extension("err")].assert_eq(&message);
    }
    let expected: Vec<PathBuf> = cases.iter().map(|case| case.with_extension("err")).collect();
    assert!(!expected.is_empty());
    assert_eq!(files("tests/cases/config", "err"), expected);
}

#[test]
fn no_message_repeats_a_secret_at_the_wrong_place() {
    let source = "[[source]]\nname = \"github\"\nplugin = \"github\"\n";
    let endpoint = format!("{source}[source.endpoints.api]\n");
    let cases = [
        (endpoint.as_str(), "auth = \"hunter2=xyz\""),
        (&endpoint, "auth = { bearer = \"hunter2\" }"),
        (&endpoint, "auth = { bearer = 'hunter2' }"),
        (&endpoint, "auth = { basic = [\"hunter2\"] }"),
        (&endpoint, "auth = { basic = \"\"\"hunter2\"\"\" }"),
        (&endpoint, "auth = { bearer = { env = [\"hunter2\"] } }"),
        (&endpoint, "auth = { bearer = { env = \"hunter2\" } }"),
        (&endpoint, "auth = { bearer = { value = \"hunter2\" } }"),
        (&endpoint, "auth = { token = \"hunter2\" }"),
        (&endpoint, "auth = { token = { env = \"hunter2\" } }"),
        (&endpoint, "auth = { bearer = { env = \"A\" }, basic = \"hunter2\" }"),
        (&endpoint, "auth = [\"hunter2\"]"),
        (&endpoint, "auth = hunter2"),
        (&endpoint, "auth = \"hunter2"),
        (&endpoint, "auth = 'hunter2"),
        (&endpoint, "auth = { bearer = hunter2 }"),
        (&endpoint, "auth = { bearer = \"hunter2\""),
        (&endpoint, "auth = \"hunter2\" \"hunter2\""),
        (&endpoint, "auth = \"\"\"hunter2"),
        (&endpoint, "hunter2"),
        (&endpoint, "hunter2=="),
        (&endpoint, "auth hunter2"),
        (&endpoint, "[hunter2"),
        (&endpoint, "token = \"hunter2\""),
        (&endpoint, "token = \"a#hunter2\""),
        (&endpoint, "token = [\"a\", { b = \"hunter2\" }]"),
        (&endpoint, "timeout = 5 # hunter2"),
        (&endpoint, "url = \"https://user:hunter2@github.example\""),
        (&endpoint, "url = \"https://github.example?token=hunter2\""),
        (&endpoint, "url = \"https://github.example#hunter2\""),
        (&endpoint, "url = \"hunter2\""),
        (source, "token = \"hunter2\""),
        (source, "interval = [\"hunter2\"]"),
        (source, "settings = \"hunter2\""),
        (source, "endpoints = { api = \"hunter2\" }"),
        (source, "endpoints = { api = { auth = \"hunter2\", url = 5 } }"),
        ("[database]\n", "url = \"postgres://quintant:hunter2@db/quintant\""),
        ("[database]\n", "url = [\"hunter2\"]"),
        ("[database]\n", "url = { env = \"postgres://quintant:hunter2@db/quintant\" }"),
        ("[database]\n", "url = postgres://quintant:hunter2@db/quintant"),
        ("[database]\n", "password = \"hunter2\""),
        ("[api]\n", "auth = \"hunter2\""),
        ("[privacy]\n", "identity_key = \"hunter2\""),
        ("[privacy]\n", "minimum_group = \"hunter2\""),
        ("", "token = \"hunter2\""),
    ];
    for (before, line) in cases {
        let text = format!("{before}{line}\n[server]\nlisten = 5 # hunter2\n");
        let error = Config::parse(Path::new("quintant.toml"), &text).unwrap_err();
        let printed = format!(
            "{}{}{error:?}{}",
            error.render(Style::Plain),
            error.render(Style::Coloured),
            serde_json::to_string(&error.reports()).unwrap()
        );
        let place = format!("--> quintant.toml:{}:", before.lines().count() + 1);
        assert!(printed.contains(&place), "{line}:\n{error}");
        assert!(!printed.contains("hunter2"), "{line}:\n{error}");
    }
}

#[test]
fn every_shipped_configuration_can_be_used() {
    let shipped = files("config", "toml");
    assert!(shipped.iter().any(|path| path.ends_with("quintant.toml")), "{shipped:?}");
    for path in shipped {
        Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn every_configuration_in_a_readme_can_be_used() {
    let plugins = ["github", "jenkins", "mattermost", "nps"].map(|name| format!("plugins/{name}"));
    for folder in plugins.iter().map(String::as_str).chain([""]) {
        let readme = files(folder, "md").into_iter().find(|path| path.ends_with("README.md")).unwrap();
        let text = std::fs::read_to_string(&readme).unwrap();
        let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
        // Others are parts of one.
        let whole: Vec<&str> = blocks.filter(|block| block.starts_with("[[")).collect();
        assert!(!whole.is_empty(), "{} shows no configuration", readme.display());
        for block in whole {
            parse(block).unwrap_or_else(|error| panic!("{}: {error}", readme.display()));
        }
    }
}

#[test]
fn the_schema_tells_the_keys_that_are_read() {
    let whole = format!("\n{}", example_with(|_| true));
    let mut probed = BTreeSet::new();
    let mut probe = |path: &str, text: &str| {
        let allowed = allowed_at_probe(text);
        assert_eq!(allowed, keys_of(&schema_at(path)), "`{path}`");
        probed.insert(path.to_owned());
    };
    probe("", &format!("probe = 1\n{whole}"));
    for section in whole.split("\n[").skip(1) {
        let (head, keys) = section.split_once('\n').unwrap();
        let path = head.trim_matches(['[', ']']);
        if path != "source.settings" {
            probe(path, &whole.replacen(section, &format!("{head}\nprobe = 1\n{keys}"), 1));
        }
        for line in keys.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, table)) = line.split_once(" = { ") else { continue };
            probe(&format!("{path}.{key}"), &whole.replacen(line, &format!("{key} = {{ probe = 1, {table}"), 1));
            if let Some((inner, table)) = table.split_once(" = { ") {
                let line_probed = format!("{key} = {{ {inner} = {{ probe = 1, {table}");
                probe(&format!("{path}.{key}.{inner}"), &whole.replacen(line, &line_probed, 1));
            }
        }
    }
    for path in ["", "server", "privacy.identity_key", "source", "source.endpoints.api.auth.bearer"] {
        assert!(probed.contains(path), "`{path}` was not asked for: {probed:?}");
    }
}

#[test]
fn the_example_shows_every_key_of_the_schema() {
    fn missing(schema: &Value, shown: &[&Value], path: &str, found: &mut Vec<String>) {
        if schema["items"].is_object() {
            let elements: Vec<&Value> = shown.iter().filter_map(|value| value.as_array()).flatten().collect();
            return missing(&schema["items"], &elements, path, found);
        }
        if schema["additionalProperties"].is_object() {
            let entries: Vec<&Value> =
                shown.iter().filter_map(|value| value.as_object()).flat_map(|all| all.values()).collect();
            return missing(&schema["additionalProperties"], &entries, path, found);
        }
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let shown: Vec<&Value> = shown.iter().filter_map(|value| value.get(key)).collect();
            // One of several: the comments show the others.
            if shown.is_empty() && !EXAMPLE.contains(&format!("{{ {key} = ")) {
                found.push(path);
            } else if !shown.is_empty() {
                missing(schema, &shown, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    missing(&quintant::config::schema(), &[&as_json(&example_with(|_| true))], "", &mut found);
    assert_eq!(found, Vec::<String>::new(), "config/quintant.toml does not show them");
}

#[test]
fn every_key_of_the_schema_says_what_it_is_for() {
    fn check(schema: &Value, path: &str, count: &mut usize) {
        match schema {
            Value::Object(parts) => {
                for (key, part) in parts.get("properties").and_then(Value::as_object).into_iter().flatten() {
                    assert!(part["description"].as_str().is_some_and(|text| text.len() > 5), "`{path}.{key}`");
                    *count += 1;
                }
                for (key, part) in parts {
                    check(part, &format!("{path}.{key}"), count);
                }
            }
            Value::Array(parts) => parts.iter().for_each(|part| check(part, path, count)),
            _ => {}
        }
    }
    let schema = quintant::config::schema();
    let mut count = 0;
    check(&schema, "", &mut count);
    assert!(count > 30, "{count}");
    assert_eq!(schema["properties"]["privacy"]["properties"]["minimum_group"]["default"], 5);
    assert_eq!(schema["properties"]["privacy"]["properties"]["minimum_group"]["minimum"], 5);
    assert_eq!(schema["properties"]["source"]["items"]["required"], serde_json::json!(["name", "plugin"]));
}

#[test]
fn the_schema_accepts_what_is_shipped_and_refuses_what_is_wrong() {
    let schema = quintant::config::schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    for path in files("config", "toml") {
        let given = as_json(&std::fs::read_to_string(&path).unwrap());
        let errors: Vec<String> = validator.iter_errors(&given).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    assert!(validator.is_valid(&as_json(&example_with(|_| true))));
    // What only the host can tell: time zones, lengths of time, keys that do not go together.
    let beyond = [
        "bad_listen",
        "bad_plugin",
        "database_twice",
        "duplicate_source",
        "duplicate_team",
        "duration_in_days",
        "bad_duration",
        "interval_too_long",
        "interval_too_short",
        "open_without_auth",
        "settle_too_long",
        "unknown_timezone",
        "bad_source_name",
        "bad_team_name",
        "network_with_host_bits",
        "bad_service_name",
        "duplicate_service",
        "service_without_any_team",
        "unknown_team_of_a_service",
        "own_source_name",
        "category_with_spaces",
    ];
    let mut accepted = Vec::new();
    for case in files("tests/cases/config", "toml") {
        let Ok(given) = toml::from_str::<Value>(&std::fs::read_to_string(&case).unwrap()) else { continue };
        let name = case.file_stem().unwrap().to_str().unwrap();
        if validator.is_valid(&given) && !beyond.contains(&name) {
            accepted.push(name.to_owned());
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
}

#[test]
fn the_defaults_that_the_example_tells_are_the_defaults() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    // Apart, because DATABASE_URL takes the place of this one.
    let base = |number: usize| lines[number].starts_with("#data_dir");
    let without = format!("{:?}", parse(&example_with(base)).unwrap());
    let mut defaults = 0;
    for (number, line) in lines.iter().enumerate() {
        let (Some((key, value)), Some(told)) = (
            left_out(line).and_then(|pair| pair.split_once(" = ")),
            lines[number.max(1) - 1].strip_prefix("# Default: "),
        ) else {
            continue;
        };
        if told.ends_with('.') {
            continue;
        }
        assert_eq!(value, told, "`{key}`");
        if key != "page_size" {
            let with = parse(&example_with(|wanted| base(wanted) || wanted == number)).unwrap();
            assert_eq!(format!("{with:?}"), without, "`{key}`");
        }
        defaults += 1;
    }
    assert!(defaults >= 8, "only {defaults} defaults are told");
}

#[test]
fn keys_that_the_example_leaves_out_are_right_as_they_stand() {
    for (number, line) in EXAMPLE.lines().enumerate().filter(|(_, line)| left_out(line).is_some()) {
        parse(&example_with(|wanted| wanted == number)).unwrap_or_else(|error| panic!("`{line}`: {error}"));
    }
}
