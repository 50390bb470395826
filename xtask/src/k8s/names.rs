//! Whether what built manifests name is among them: accounts, volumes, keys, ports, labels. And the mistakes that no schema knows.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Everything in one kustomization, and the example of the Secret that it is not to hold.
pub(super) fn check(objects: &[Value], secret: &Value) -> Result<()> {
    for object in objects {
        check_mistakes(object).with_context(|| label(object))?;
    }
    let deployment = only(objects, "Deployment")?;
    let pod = &deployment["spec"]["template"];
    check_pod(&pod["spec"], objects, secret).context("Deployment")?;
    let selector = &deployment["spec"]["selector"]["matchLabels"];
    ensure!(
        is_part(selector, &pod["metadata"]["labels"]),
        "the Deployment selects {selector}, which its pods do not have"
    );
    let service = only(objects, "Service")?;
    check_service(service, pod).context("Service")?;
    check_monitor(only(objects, "ServiceMonitor")?, service).context("ServiceMonitor")?;
    check_ingress(only(objects, "Ingress")?, service).context("Ingress")
}

/// The one object of a kind.
pub(super) fn only<'a>(objects: &'a [Value], kind: &str) -> Result<&'a Value> {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    match (found.next(), found.next()) {
        (Some(object), None) => Ok(object),
        (None, _) => bail!("there is no {kind}"),
        (Some(_), Some(_)) => bail!("there are two {kind}s"),
    }
}

/// What is at `key`, as a list; nothing is an empty one.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

fn check_mistakes(object: &Value) -> Result<()> {
    ensure!(object["kind"] != "Namespace", "a namespace is not deployed with what is in it");
    ensure!(object["kind"] != "Secret", "a Secret that is applied with the rest overwrites the real one");
    let text = object.to_string();
    for (mistake, why) in [
        ("rewrite-target", "it breaks every path but one"),
        ("prometheus.io/scrape", "the ServiceMonitor scrapes already"),
    ] {
        ensure!(!text.contains(mistake), "`{mistake}`: {why}");
    }
    Ok(())
}

fn check_pod(pod: &Value, objects: &[Value], secret: &Value) -> Result<()> {
    let account = only(objects, "ServiceAccount")?;
    ensure!(pod["serviceAccountName"] == name(account), "`serviceAccountName` is {}", pod["serviceAccountName"]);
    for holder in [pod, account] {
        ensure!(holder["automountServiceAccountToken"] == false, "`automountServiceAccountToken` is not false");
    }
    let mut volumes = BTreeSet::new();
    for volume in list(pod, "volumes") {
        check_volume(volume, objects, secret).with_context(|| format!("volume {}", volume["name"]))?;
        volumes.insert(volume["name"].as_str().unwrap_or_default());
    }
    let mut mounted = BTreeSet::new();
    for container in list(pod, "initContainers").chain(list(pod, "containers")) {
        check_container(container).with_context(|| format!("container {}", container["name"]))?;
        mounted.extend(list(container, "volumeMounts").filter_map(|mount| mount["name"].as_str()));
    }
    ensure!(volumes == mounted, "there are volumes {volumes:?}, but mounted are {mounted:?}");
    Ok(())
}

fn check_volume(volume: &Value, objects: &[Value], secret: &Value) -> Result<()> {
    if let Some(map) = volume["configMap"].as_object() {
        let configured = only(objects, "ConfigMap")?;
        ensure!(map.get("name") == Some(&configured["metadata"]["name"]), "the ConfigMap is {}", name(configured));
    }
    if let Some(named) = volume["secret"]["secretName"].as_str() {
        ensure!(name(secret) == named, "the example of the Secret is {}", name(secret));
        ensure!(
            list(&volume["secret"], "items").next().is_some(),
            "`items` should name the keys, so that none is missed"
        );
        for item in list(&volume["secret"], "items") {
            let key = item["key"].as_str().unwrap_or_default();
            ensure!(secret["stringData"][key].is_string(), "the example of the Secret has no key `{key}`");
        }
    }
    Ok(())
}

fn check_container(container: &Value) -> Result<()> {
    let image = container["image"].as_str().unwrap_or_default();
    ensure!(image.contains("@sha256:"), "the image `{image}` is not named by its digest");
    let actions = ["startupProbe", "livenessProbe", "readinessProbe"].map(|probe| &container[probe]["httpGet"]["port"]);
    for port in actions.into_iter().filter(|port| !port.is_null()) {
        ensure!(has(container, "ports", "name", port), "a probe asks the port {port}, which it does not have");
    }
    Ok(())
}

fn check_service(service: &Value, pod: &Value) -> Result<()> {
    let selector = &service["spec"]["selector"];
    ensure!(is_part(selector, &pod["metadata"]["labels"]), "it selects {selector}, which the pods do not have");
    for port in list(&service["spec"], "ports") {
        let target = &port["targetPort"];
        let found = list(&pod["spec"], "containers").any(|container| has(container, "ports", "name", target));
        ensure!(found, "no container has the port {target}");
    }
    Ok(())
}

/// Without a `namespaceSelector` it looks beside itself, so it must be where the Service is.
fn check_monitor(monitor: &Value, service: &Value) -> Result<()> {
    let selector = &monitor["spec"]["selector"]["matchLabels"];
    ensure!(
        is_part(selector, &service["metadata"]["labels"]),
        "it selects {selector}, which the Service does not have"
    );
    ensure!(
        monitor["metadata"]["namespace"] == service["metadata"]["namespace"],
        "it is not in the Service's namespace"
    );
    for endpoint in list(&monitor["spec"], "endpoints") {
        ensure!(
            has(&service["spec"], "ports", "name", &endpoint["port"]),
            "the Service has no port {}",
            endpoint["port"]
        );
    }
    Ok(())
}

fn check_ingress(ingress: &Value, service: &Value) -> Result<()> {
    for path in list(&ingress["spec"], "rules").flat_map(|rule| list(&rule["http"], "paths")) {
        let backend = &path["backend"]["service"];
        ensure!(backend["name"] == name(service), "it leads to the Service {}", backend["name"]);
        let port = &backend["port"]["name"];
        ensure!(has(&service["spec"], "ports", "name", port), "the Service has no port {port}");
    }
    Ok(())
}

fn has(object: &Value, entries: &str, key: &str, wanted: &Value) -> bool {
    list(object, entries).any(|entry| !wanted.is_null() && entry[key] == *wanted)
}

/// Whether a selector that selects something fits the labels.
fn is_part(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|wanted| !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value))
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn label(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().unwrap_or("an object without a kind"), name(object))
}
