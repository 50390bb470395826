//! Mistakes in the configuration are reported at their place, and what is shipped is right.

use std::path::{Path, PathBuf};

use expect_test::expect_file;
use quintant::config::Config;

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
fn allowed_at_probe(text: &str) -> Vec<String> {
    match parse(text) {
        Err(message) if message.contains("unknown field `probe`, expected") => {
            message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
        }
        // The names below `endpoints` and `settings` are free.
        _ => Vec::new(),
    }
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
    let source = "[[source]]\nname = \"github\"\nplugin = \"github\"\n[source.endpoints.api]\n";
    for line in [
        "auth = \"hunter2\"",
        "auth = { bearer = \"hunter2\" }",
        "auth = { basic = [\"hunter2\"] }",
        "auth = { bearer = { env = [\"hunter2\"] } }",
        "auth = [\"hunter2\"]",
        "url = \"https://user:hunter2@github.example\"",
        "url = \"https://github.example?token=hunter2\"",
    ] {
        let message = parse(&format!("{source}{line}")).unwrap_err();
        assert!(message.starts_with("quintant.toml:5:") && !message.contains("hunter2"), "{line}: {message}");
    }
    for line in ["url = \"postgres://quintant:hunter2@db/quintant\"", "url = [\"hunter2\"]"] {
        let message = parse(&format!("[database]\n{line}")).unwrap_err();
        assert!(message.starts_with("quintant.toml:2:") && !message.contains("hunter2"), "{line}: {message}");
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
fn the_example_shows_every_key() {
    let whole = format!("\n{}", example_with(|_| true));
    let mut seen = allowed_at_probe(&format!("probe = 1\n{whole}"));
    for section in &seen {
        assert!(
            [format!("\n[{section}]"), format!("\n[[{section}]]")].iter().any(|head| whole.contains(head)),
            "`{section}`"
        );
    }
    for section in whole.split("\n[").skip(1) {
        let (head, keys) = section.split_once('\n').unwrap();
        let probed = whole.replacen(section, &format!("{head}\nprobe = 1\n{keys}"), 1);
        for key in allowed_at_probe(&probed) {
            let is_table = whole.contains(&format!(".{key}]\n")) || whole.contains(&format!(".{key}."));
            let is_shown = keys.lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(is_table || is_shown, "`{key}` of `[{head}`");
            seen.push(key);
        }
    }
    for (at, _) in whole.match_indices(" = { ") {
        for key in allowed_at_probe(&format!("{} = {{ probe = 1, {}", &whole[..at], &whole[at + 5..])) {
            assert!(EXAMPLE.contains(&format!("{{ {key} = ")), "`{key}` in braces");
            seen.push(key);
        }
    }
    for key in ["listen", "minimum_group", "interval", "endpoints", "bearer", "env"] {
        assert!(seen.iter().any(|found| found == key), "`{key}` was not asked for: {seen:?}");
    }
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
