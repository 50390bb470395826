//! TLS by an authority of the operator's, and a proxy.

use quintant_tests::{Authority, Log, Proxy, guest_source};
use quintant_upstreams::script::{Answer, Script};

use super::{host, outcome, run};

const LOOPBACK: &str = "networks = [\"127.0.0.0/8\", \"::1/128\"]";

fn source(url: &str, endpoint: &str) -> String {
    guest_source(&format!("url = \"{url}\"\n{endpoint}"), &format!("behaviour = \"follow\"\nurl = \"{url}/x\""))
}

#[tokio::test]
async fn a_certificate_of_an_own_authority_is_trusted_where_it_is_named() {
    let log = Log::capture();
    let scripted = Script::new().on("/x", Answer::new(200, "")).start().await.unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let front = authority.front("localhost", scripted.url()).await;
    let url = format!("https://localhost:{}", front.address().port());
    let folder = tempfile::tempdir().unwrap();
    for (name, pem) in [("own.pem", authority.pem()), ("other.pem", stranger.pem())] {
        std::fs::write(folder.path().join(name), pem).unwrap();
    }
    let ca = |names: &[&str]| {
        let paths: Vec<String> = names.iter().map(|name| folder.path().join(name).display().to_string()).collect();
        format!("{LOOPBACK}\nca = {paths:?}")
    };
    for (endpoint, is_trusted) in [
        (LOOPBACK.to_owned(), false),
        (ca(&["other.pem"]), false),
        (ca(&["own.pem"]), true),
        (ca(&["other.pem", "own.pem"]), true),
    ] {
        let host = host(&source(&url, &endpoint)).await;
        let summary = run(&host).await;
        let expected = if is_trusted { ("ok", None) } else { ("failed", Some("transient")) };
        assert_eq!(outcome(&summary), expected, "{endpoint}");
        host.finish().await;
    }
    assert_eq!(scripted.requests().len(), 2);
    log.assert_line(&["ended early", "its certificate or TLS is not accepted", "named in `ca`"]);
}

#[tokio::test]
async fn a_ca_file_without_a_certificate_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let text = source("https://localhost:1", &format!("ca = [\"{}\"]", file.display()));
    for (written, reason) in [
        (None, "cannot be read: No such file or directory (os error 2)"),
        (Some("no certificate"), "holds no PEM certificate"),
        (Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), "holds no PEM certificate"),
    ] {
        if let Some(written) = written {
            std::fs::write(&file, written).unwrap();
        }
        let refusal = quintant_tests::Host::refusal(&text).await;
        let expected = format!("error: endpoint `api`: the `ca` file `{}` {reason}\n", file.display());
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}

#[tokio::test]
async fn a_proxy_is_what_is_connected_to_and_gets_the_name() {
    let log = Log::capture();
    let scripted = Script::new().on("/x", Answer::new(200, "")).start().await.unwrap();
    let authority = Authority::new();
    let front = authority.front("upstream.invalid", scripted.url()).await;
    let proxy = Proxy::to(front.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("own.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let endpoint = format!("ca = [\"{}\"]\nproxy = \"{}\"", ca.display(), proxy.url());
    let url = "https://upstream.invalid";

    let refused = host(&source(url, &endpoint)).await;
    assert_eq!(outcome(&run(&refused).await), ("failed", Some("misconfigured")));
    log.assert_line(&["ended early", "`127.0.0.1` is at 127.0.0.1, a loopback address"]);
    assert_eq!(proxy.asked(), [""; 0], "the proxy's address is the checked one");
    refused.finish().await;

    let permitted = host(&source(url, &format!("{endpoint}\n{LOOPBACK}"))).await;
    assert_eq!(outcome(&run(&permitted).await), ("ok", None));
    assert_eq!(proxy.asked(), ["CONNECT upstream.invalid:443 HTTP/1.1"]);
    assert_eq!(scripted.requests().len(), 1);
    permitted.finish().await;
}
