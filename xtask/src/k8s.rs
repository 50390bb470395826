//! Builds the manifests of k8s/, validates them, and checks that what they name is there; never talks to a cluster.

mod configuration;
mod names;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use self::tools::Tools;
use crate::plugins;
use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

const BASE_FILES: [&str; 8] = [
    "configmap.yaml",
    "deployment.yaml",
    "ingress.yaml",
    "kustomization.yaml",
    "secret.example.yaml",
    "service.yaml",
    "serviceaccount.yaml",
    "servicemonitor.yaml",
];
const EXAMPLE: &str = "base/secret.example.yaml";
const BUILT: [&str; 2] = ["base", "overlays/dev"];

/// The oldest whose pods can pause without a shell, and the newest that the validator knows.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];

/// Kinds whose schema is not Kubernetes' own.
const CUSTOM: [&str; 1] = ["ServiceMonitor"];

/// Policies that the manifests do not meet, and why that is meant.
const SKIPPED: [(&str, &str); 3] = [
    ("CKV_K8S_21", "the base has no namespace: an overlay or `kubectl --namespace` gives one"),
    ("CKV_K8S_40", "the user is 1000, as it always was for those who run it; nothing of the node is mounted"),
    ("CKV2_K8S_6", "whom the pods may talk to depends on where the database is: a component will say it"),
];

/// What one kustomization builds.
struct Manifests {
    name: &'static str,
    file: PathBuf,
    objects: Vec<Value>,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new();
    let result = all(workspace, &mut steps);
    steps.summary();
    result
}

fn all(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let sources = workspace.root.join("k8s");
    let folder = workspace.target.join("k8s");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let tools = steps.step("tools", || Tools::find_or_install(&folder))?;
    steps.step("files", || check_files(&sources))?;
    let (built, secret) = steps.step("kustomize", || {
        let built = BUILT.into_iter().map(|name| build(&tools, &sources, &folder, name)).collect::<Result<Vec<_>>>()?;
        let mut example = tools.read_yaml(&sources.join(EXAMPLE))?;
        ensure!(example.len() == 1, "k8s/{EXAMPLE} holds {} objects; it should hold one Secret", example.len());
        Ok((built, example.remove(0)))
    })?;
    steps.step("names", || {
        built.iter().try_for_each(|built| names::check(&built.objects, &secret).context(built.name))
    })?;
    let mut files: Vec<PathBuf> = built.iter().map(|built| built.file.clone()).collect();
    files.push(sources.join(EXAMPLE));
    steps.step("schemas", || KUBERNETES.into_iter().try_for_each(|version| check_schemas(&tools, version, &files)))?;
    steps.step("policies", || check_policies(&tools, &files))?;
    steps.step("programs", || {
        plugins::build(workspace)?;
        process::run(workspace.cargo().args(["build", "--package", "quintant", "--bins"]))
    })?;
    steps.step("configuration", || {
        built
            .iter()
            .try_for_each(|built| configuration::check(workspace, &folder, &built.objects, &secret).context(built.name))
    })
}

fn check_files(sources: &Path) -> Result<()> {
    let base = sources.join("base");
    let files = base.read_dir().with_context(|| format!("reading {}", base.display()))?;
    let mut present: Vec<String> =
        files.flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    present.sort_unstable();
    ensure!(
        present == BASE_FILES,
        "k8s/base holds `{}`; it should hold `{}`",
        present.join("`, `"),
        BASE_FILES.join("`, `")
    );
    for name in BUILT {
        let text = fs::read_to_string(sources.join(name).join("kustomization.yaml"))?;
        let common = text.lines().any(|line| line.starts_with("commonLabels"));
        ensure!(!common, "k8s/{name}: `commonLabels` change selectors too, which cannot be taken back; write `labels`");
    }
    Ok(())
}

fn build(tools: &Tools, sources: &Path, folder: &Path, name: &'static str) -> Result<Manifests> {
    let file = folder.join(name.replace('/', "-")).with_extension("yaml");
    let text = process::capture(process::command("kubectl").arg("kustomize").arg(sources.join(name)))?;
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    let objects = tools.read_yaml(&file)?;
    Ok(Manifests { name, file, objects })
}

/// Against Kubernetes' own schemas; a kind that it does not know is an error unless we expect it.
fn check_schemas(tools: &Tools, version: &str, files: &[PathBuf]) -> Result<()> {
    let mut validate = tools.command("kubernetes-validate");
    validate.args(["--strict", "--kubernetes-version", version]).args(files).env("PYTHONWARNINGS", "ignore");
    let printed = process::capture(validate.env("PYTHONUNBUFFERED", "1"));
    let printed = printed.with_context(|| format!("Kubernetes {version} would refuse something"))?;
    for line in printed.lines().filter(|line| line.starts_with("WARN")) {
        let expected = CUSTOM.iter().any(|kind| line.contains(&format!("schema for kind {kind} ")));
        ensure!(expected, "kubernetes-validate warns: {line}");
    }
    Ok(())
}

fn check_policies(tools: &Tools, files: &[PathBuf]) -> Result<()> {
    for (policy, reason) in SKIPPED {
        eprintln!("xtask: {policy} is skipped: {reason}");
    }
    let skipped = SKIPPED.map(|(policy, _)| policy).join(",");
    let mut checkov = tools.command("checkov");
    checkov.args(["--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "--skip-check", &skipped]);
    process::run(checkov.arg("--file").args(files))
}
