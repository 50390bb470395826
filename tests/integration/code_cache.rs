//! Compiled plugins: made by a child process of bounded means, kept where nobody else can write, and never loaded changed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quintant::plugin::{CompileLimits, Compiler, Limits, Plugin, PluginError, Runtime};
use quintant_tests::{Host, HostOptions, Log, compiler, guest_sources, guests};
use serde_json::{Value, json};
use wasmtime::{Config, Engine, ModuleVersionStrategy};

const WASMTIME: &str = "48.0.8";

/// A folder that holds nothing but the cache.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn cache(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("compiled")
}

fn guest() -> PathBuf {
    guests().join("misbehaving.wasm")
}

async fn load_with(compiler: Compiler, cache: &Path, file: &Path) -> Result<Plugin, PluginError> {
    let runtime = Arc::new(Runtime::new(Limits::default(), compiler, cache)?);
    Plugin::load(&runtime, file).await
}

/// Whether the guest had to be compiled. It is loaded and has described itself.
async fn compiles(cache: &Path) -> bool {
    let plugin = load_with(compiler(), cache, &guest()).await.unwrap();
    assert_eq!(plugin.descriptor.name, "misbehaving");
    plugin.compiling.is_some()
}

async fn refusal(compiler: Compiler, cache: &Path, file: &Path) -> String {
    match load_with(compiler, cache, file).await {
        Ok(_) => panic!("`{}` is loaded", file.display()),
        Err(error) => error.to_string().replace(&file.display().to_string(), "FILE"),
    }
}

/// The only entry's files: index and code.
fn entry(cache: &Path) -> [PathBuf; 2] {
    let mut files: Vec<PathBuf> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|file| file.extension().is_none_or(|extension| extension != "json"));
    files.try_into().unwrap_or_else(|files| panic!("{files:?}"))
}

#[tokio::test]
async fn a_plugin_is_compiled_once_into_a_folder_of_ones_own() {
    let (folder, log) = (folder(), Log::capture());
    let cache = cache(&folder);
    assert!(compiles(&cache).await);
    log.assert_line(&["INFO", "compiling plugin `misbehaving`: it is new, or has changed"]);
    log.assert_line(&["INFO", "compiled plugin `misbehaving` in "]);
    // Nobody could compile now.
    let nobody = Compiler { program: "/no/such/program".into(), ..compiler() };
    let plugin = load_with(nobody, &cache, &guest()).await.unwrap();
    assert_eq!(plugin.compiling, None);

    assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o7777, 0o700);
    let [index, code] = entry(&cache);
    for file in [&index, &code] {
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o7777, 0o600);
    }
    let told: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    let engine = told["engine"].as_str().unwrap();
    let name = |file: &Path| file.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name(&index), format!("{}-{WASMTIME}.json", plugin.digest));
    assert_eq!(name(&code), format!("{}-{WASMTIME}-{engine}.cwasm", plugin.digest));
    assert_eq!(told["code_bytes"], json!(fs::metadata(&code).unwrap().len()));
}

#[tokio::test]
async fn what_was_changed_is_compiled_anew_and_never_loaded() {
    let (folder, log) = (folder(), Log::capture());
    let cache = cache(&folder);
    assert!(compiles(&cache).await);
    let [index, code] = entry(&cache);
    let (good_index, good_code) = (fs::read(&index).unwrap(), fs::read(&code).unwrap());

    let mut damages: Vec<(&Path, Option<Vec<u8>>)> = Vec::new();
    let mut flip = |file, good: &[u8], at: usize| {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1;
        damages.push((file, Some(bytes)));
    };
    for at in [0, 5, 4096, good_code.len() / 2, good_code.len() - 1] {
        flip(&code, &good_code, at);
    }
    let of = |key: &str| String::from_utf8(good_index.clone()).unwrap().find(key).unwrap() + key.len();
    let within = ["\"component\":\"", "\"wasmtime\":\"", "\"engine\":\"", "\"code\":\"", "\"code_bytes\":"].map(of);
    for at in [0, 2].into_iter().chain(within).chain([good_index.len() - 1]) {
        flip(&index, &good_index, at);
    }
    let older = String::from_utf8(good_index.clone()).unwrap().replace(WASMTIME, "48.0.7");
    damages.extend([
        (&*index, Some(older.into_bytes())),
        (&*index, Some([&good_index[..], b"\n"].concat())),
        (&*index, Some(good_index[..good_index.len() / 2].to_vec())),
        (&*index, Some(Vec::new())),
        (&*index, None),
        (&*code, Some(good_code[..good_code.len() - 1].to_vec())),
        (&*code, Some([&good_code[..], b"\0"].concat())),
        (&*code, Some(Vec::new())),
        (&*code, None),
    ]);
    for (number, (file, damage)) in damages.into_iter().enumerate() {
        match damage {
            Some(bytes) => fs::write(file, bytes).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
        assert!(compiles(&cache).await, "damage {number} was loaded");
        assert!(fs::read(&index).unwrap() == good_index && fs::read(&code).unwrap() == good_code, "damage {number}");
        assert!(!compiles(&cache).await, "damage {number} was not mended");
    }
    log.assert_line(&["compiling plugin `misbehaving`: its compiled code is damaged, or of another machine"]);
}

/// Code as an engine of these settings makes it, with the index that fits it.
fn forge(cache: &Path, settings: &Config) {
    let [index, code] = entry(cache);
    let forged = Engine::new(settings).unwrap().precompile_component(&fs::read(guest()).unwrap()).unwrap();
    let told: Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    let text = fs::read_to_string(&index).unwrap();
    let text = text.replace(told["code"].as_str().unwrap(), &sha256(&forged));
    fs::write(&index, text.replace(&told["code_bytes"].to_string(), &forged.len().to_string())).unwrap();
    fs::write(&code, forged).unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn settings(version: ModuleVersionStrategy, epochs: bool) -> Config {
    let mut config = Config::new();
    config.wasm_memory64(false).epoch_interruption(epochs).module_version(version).unwrap();
    config
}

#[tokio::test]
async fn code_of_another_engine_is_refused_though_its_index_fits() {
    let folder = folder();
    let cache = cache(&folder);
    assert!(compiles(&cache).await);
    let custom = |version: &str| ModuleVersionStrategy::Custom(version.to_owned());
    // Else what follows would show nothing: an engine like the host's is taken.
    forge(&cache, &settings(custom(WASMTIME), true));
    assert!(!compiles(&cache).await);
    for (version, epochs) in
        [(custom(WASMTIME), false), (custom("48.0.7"), true), (ModuleVersionStrategy::WasmtimeVersion, true)]
    {
        forge(&cache, &settings(version.clone(), epochs));
        assert!(compiles(&cache).await, "epochs {epochs}");
        assert!(!compiles(&cache).await);
    }
}

#[tokio::test]
async fn a_cache_that_others_can_reach_is_refused() {
    let folder = folder();
    let cache = cache(&folder);
    let told = |error: String| error.replace(folder.path().to_str().unwrap(), "FOLDER");
    let said = async || told(refusal(compiler(), &cache, &guest()).await);

    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(
        said().await,
        "the code cache `FOLDER/compiled` is open to other users (mode 0750), who may have put code there; remove it, \
         it is made anew with mode 0700"
    );
    fs::remove_dir(&cache).unwrap();

    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::set_permissions(folder.path().join("elsewhere"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("elsewhere", &cache).unwrap();
    assert_eq!(
        said().await,
        "the code cache `FOLDER/compiled` is a symbolic link; let `plugins.cache` name the folder itself"
    );
    fs::remove_file(&cache).unwrap();

    fs::write(&cache, "").unwrap();
    assert_eq!(
        said().await,
        "the code cache `FOLDER/compiled` is no folder; remove it, or let `plugins.cache` name another"
    );
    fs::remove_file(&cache).unwrap();

    // Root gives a folder away; anybody else finds one that is root's.
    let us = fs::metadata(folder.path()).unwrap().uid();
    let (theirs, owner) = if us == 0 { (cache.clone(), 65534) } else { (PathBuf::from("/usr"), 0) };
    if us == 0 {
        fs::create_dir(&theirs).unwrap();
        chown(&theirs, Some(owner), None).unwrap();
    }
    let error = told(refusal(compiler(), &theirs, &guest()).await);
    assert_eq!(
        error.replace(theirs.to_str().unwrap(), "FOLDER/compiled"),
        format!(
            "the code cache `FOLDER/compiled` belongs to user {owner}, and this is user {us}; remove it, or let \
             `plugins.cache` name a folder of this user"
        )
    );
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_says_so_and_what_to_do() {
    let folder = folder();
    let cache = cache(&folder);
    assert!(compiles(&cache).await);
    let [index, _] = entry(&cache);
    fs::remove_file(&index).unwrap();
    // Also root cannot put a file in its place.
    fs::create_dir(&index).unwrap();
    let error = refusal(compiler(), &cache, &guest()).await;
    assert_eq!(
        error.replace(cache.to_str().unwrap(), "CACHE"),
        "plugin `FILE` is not compiled: the code cache `CACHE` cannot be written: Is a directory (os error 21); where \
         it cannot be written, `quintant plugin compile` must fill it beforehand"
    );
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 2, "nothing half-written is left");
}

#[tokio::test]
async fn what_other_versions_left_is_removed_and_nothing_else() {
    let folder = folder();
    let cache = cache(&folder);
    assert!(compiles(&cache).await);
    let [index, code] = entry(&cache);
    let digest = "0".repeat(64);
    let file = |name: &str| {
        let path = cache.join(name);
        fs::write(&path, "").unwrap();
        path
    };
    let stays = [file("notes.txt"), file(&format!("{digest}-{WASMTIME}.json")), file("1.part")];
    let goes = [file(&format!("{digest}-48.0.7.json")), file(&format!("{digest}-48.0.7-1.cwasm")), file("2.part"), {
        let other_engine = code.to_str().unwrap().replace(".cwasm", "0.cwasm");
        file(Path::new(&other_engine).file_name().unwrap().to_str().unwrap())
    }];
    let long_ago = SystemTime::now() - Duration::from_secs(3601);
    fs::File::options().write(true).open(&goes[2]).unwrap().set_modified(long_ago).unwrap();
    fs::remove_file(&index).unwrap();
    assert!(compiles(&cache).await);
    for file in stays.iter().chain([&index, &code]) {
        assert!(file.exists(), "{} is gone", file.display());
    }
    for file in goes {
        assert!(!file.exists(), "{} is still there", file.display());
    }
}

#[tokio::test]
async fn hosts_that_start_together_share_an_empty_cache() {
    let folder = folder();
    let cache = cache(&folder);
    let started = [(); 4].map(|()| {
        let cache = cache.clone();
        tokio::spawn(async move { compiles(&cache).await })
    });
    for host in started {
        host.await.unwrap();
    }
    entry(&cache);
    assert!(!compiles(&cache).await);
}

/// A component with one function that is a burden to compile: half a million sums, which is near what a function may hold.
fn heavy(folder: &Path) -> PathBuf {
    // local.get 0, i32.const 77, i32.mul, local.get 0, i32.add, local.set 0
    let sums = [0x20, 0, 0x41, 0xcd, 0, 0x6c, 0x20, 0, 0x6a, 0x21, 0].repeat(500_000);
    let body = sized(&[&[0], &sums[..], &[0x20, 0, 0x0b]].concat());
    let section = |id: u8, content: &[u8]| [&[id], &sized(content)[..]].concat();
    let types = section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]);
    let module =
        [b"\0asm\x01\0\0\0", &types[..], &section(3, &[1, 0]), &section(10, &[&[1], &body[..]].concat())].concat();
    let file = folder.join("heavy.wasm");
    fs::write(&file, [b"\0asm\x0d\0\x01\0", &section(1, &module)[..]].concat()).unwrap();
    file
}

/// With its length before it, in LEB128.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut sized = Vec::new();
    while length > 0x7f {
        sized.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    sized.push(length.to_le_bytes()[0]);
    [&sized, bytes].concat()
}

#[tokio::test]
async fn a_component_that_is_too_much_for_the_compiler_ends_the_child_alone() {
    let folder = folder();
    let file = heavy(folder.path());
    let ample = CompileLimits { memory_bytes: 4 << 30, ..CompileLimits::default() };
    let host = Host::for_text(&guest_sources("http://127.0.0.1:9", &["behave"]), HostOptions::default()).await;
    for (limits, expected) in [
        (
            CompileLimits { memory_bytes: 128 << 20, ..ample.clone() },
            "plugin `FILE` is not compiled: compiling it takes more than the 128 MiB of memory that it may have",
        ),
        (
            CompileLimits { cpu: Duration::from_secs(1), ..ample.clone() },
            "plugin `FILE` is not compiled: compiling it takes more than the 1 s of processor time that it may have",
        ),
        (
            CompileLimits { wall: Duration::from_millis(100), ..ample },
            "plugin `FILE` is not compiled: compiling it takes longer than the 0.1 s that it may",
        ),
    ] {
        let cache = cache(&folder);
        let error = refusal(Compiler { limits, ..compiler() }, &cache, &file).await;
        assert_eq!(error, expected);
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
    }
    let summaries = host.collect_from("behave").await;
    assert_eq!((summaries[0].outcome.as_str(), summaries[0].facts), ("ok", 1));
    host.finish().await;
}

/// A program in the compiler's place.
fn stand_in(folder: &Path, script: &str) -> Compiler {
    let program = folder.join("compiler");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    Compiler { program, ..compiler() }
}

#[tokio::test]
async fn the_compiler_inherits_nothing_and_is_not_trusted_for_its_word() {
    let folder = folder();
    let told = folder.path().join("environment");
    let compiler = stand_in(folder.path(), &format!("env > {}", told.display()));
    let error = refusal(compiler.clone(), &cache(&folder), &guest()).await;
    assert_eq!(
        error,
        format!(
            "plugin `FILE` is not compiled: the compiler `{}` has ended well, but it is new, or has changed; is it \
             another version than this?",
            compiler.program.display()
        )
    );
    let environment = fs::read_to_string(told).unwrap();
    assert!(environment.contains("PWD=") && std::env::var_os("QUINTANT_TEST_DATABASE_URL").is_some());
    assert!(!environment.contains("QUINTANT") && !environment.contains("PATH="), "{environment}");

    let compiler = stand_in(folder.path(), "echo it has its reasons >&2; exit 3");
    let error = refusal(compiler, &cache(&folder), &guest()).await;
    assert_eq!(error, "plugin `FILE` is not compiled: the compiler failed (exit status: 3): it has its reasons");

    let compiler = stand_in(folder.path(), "kill -KILL $$");
    let error = refusal(compiler, &cache(&folder), &guest()).await;
    assert_eq!(
        error,
        "plugin `FILE` is not compiled: the compiler was killed, most likely because the machine or the container has \
         no memory left"
    );
}
