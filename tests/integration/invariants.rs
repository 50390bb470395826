//! The invariants of ARCHITECTURE.md that the compiler does not hold: who may name what.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(root()).unwrap().display().to_string(), text));
        }
    }
    found
}

/// Code without comments and tests, which may name anything.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn named_in(words: &[&str]) -> Vec<String> {
    let mut files: Vec<String> = sources(&root().join("host/src"))
        .into_iter()
        .filter(|(_, text)| {
            let code = code(text);
            words.iter().any(|word| code.contains(word))
        })
        .map(|(path, _)| path)
        .collect();
    files.sort();
    files
}

fn assert_only_below(words: &[&str], room: &str) {
    let named = named_in(words);
    let strangers: Vec<&String> = named.iter().filter(|path| !path.starts_with(room)).collect();
    assert!(strangers.is_empty(), "{words:?} may be named below {room} only, but are in {strangers:?}");
    assert!(!named.is_empty(), "{words:?} are named nowhere: this test looks for the wrong words");
}

#[test]
fn wasmtime_and_cap_std_are_named_in_plugin_only() {
    assert_only_below(&["wasmtime::", "wasmtime_environ::", "cap_std::"], "host/src/plugin/");
}

#[test]
fn unsafe_code_loads_what_we_compiled_and_nothing_else() {
    assert_only_below(&["unsafe "], "host/src/plugin/engine.rs");
}

#[test]
fn sqlx_is_named_in_store_only() {
    assert_only_below(&["sqlx::"], "host/src/store/");
}

#[test]
fn axum_is_named_in_api_only() {
    assert_only_below(&["axum::"], "host/src/api/");
}

#[test]
fn reqwest_is_named_in_egress_only() {
    assert_only_below(&["reqwest::"], "host/src/plugin/egress/");
}

#[test]
fn pure_rooms_have_no_async_no_clock_and_no_environment() {
    let pure = [
        "host/src/model/",
        "host/src/normalize/",
        "host/src/metrics/",
        "host/src/pseudonym/hashes.rs",
        "host/src/pseudonym/kinds.rs",
        "host/src/pseudonym/mod.rs",
        "host/src/pseudonym/opt_out.rs",
        "host/src/pseudonym/roster/",
        "host/src/plugin/egress/address.rs",
        "host/src/plugin/egress/allowance.rs",
        "host/src/plugin/egress/limit.rs",
        "host/src/plugin/egress/target.rs",
    ];
    let pure_of_release =
        ["campaigns.rs", "cells.rs", "counted.rs", "coverage.rs", "days.rs", "delivery.rs", "grid.rs", "rules/"]
            .map(|file| format!("host/src/release/{file}"));
    let is_pure = |path: &str| {
        pure.iter().any(|room| path.starts_with(room)) || pure_of_release.iter().any(|file| path.starts_with(file))
    };
    let files: Vec<(String, String)> =
        sources(&root().join("host/src")).into_iter().filter(|(path, _)| is_pure(path)).collect();
    for room in pure.map(str::to_owned).into_iter().chain(pure_of_release.clone()) {
        assert!(files.iter().any(|(path, _)| path.starts_with(&room)), "`{room}` has moved");
    }
    for (path, text) in files {
        for word in
            ["async ", ".await", "Timestamp::now", "SystemTime", "Instant::now", "std::env", "std::fs", "tokio::"]
        {
            assert!(!code(&text).contains(word), "{path} is pure and names `{word}`");
        }
    }
}

#[test]
fn the_host_knows_no_plugin_by_name() {
    let is_test = |path: &str| path.ends_with("/tests.rs");
    for (path, text) in sources(&root().join("host/src")).into_iter().filter(|(path, _)| !is_test(path)) {
        // The contract itself has a way to sign in that is called so.
        let code = ["github_app", "githubapp", "github app"]
            .iter()
            .fold(code(&text).to_lowercase(), |code, scheme| code.replace(scheme, ""));
        for name in ["github", "jenkins", "nps_service"] {
            assert!(!code.contains(name), "{path} names `{name}`");
        }
    }
}

#[test]
fn sdk_and_host_never_meet() {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    assert!(!manifest("host/Cargo.toml").contains("quintant-sdk"));
    assert!(!manifest("sdk/rust/Cargo.toml").contains("quintant.workspace"));
    for plugin in fs::read_dir(root().join("plugins")).unwrap() {
        let name = plugin.unwrap().file_name().into_string().unwrap();
        let text = manifest(&format!("plugins/{name}/Cargo.toml"));
        let (dependencies, _) = text.split_once("[dev-dependencies]").unwrap_or((&text, ""));
        assert!(!text.contains("quintant.workspace") && !dependencies.contains("quintant-upstreams"), "{name}");
    }
    assert!(!manifest("xtask/Cargo.toml").contains("quintant"));
}

#[test]
fn simulator_and_oracle_import_nothing_of_ours() {
    let manifest = fs::read_to_string(root().join("tests/upstreams/Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
    assert!(!dependencies.contains("quintant"), "{dependencies}");
}

#[test]
fn what_api_shows_is_computed_from_atoms() {
    for (path, text) in sources(&root().join("host/src/api")) {
        for word in [
            "_changes_fetch",
            "reviews_fetch",
            "_commits_fetch",
            "spellings_fetch",
            "salts_fetch",
            "assignments_fetch",
            "model::Fact",
            "StampedFact",
        ] {
            assert!(!code(&text).contains(word), "{path} reads facts: `{word}`");
        }
    }
}
