//! No connection is made to an address that is not public, unless the operator named its network.

use quintant_tests::{Log, Site, github_source, guest_source, guest_sources_at};
use quintant_upstreams::script::{Answer, Script};

use super::{host, outcome, run};

const LOOPBACK: &str = "networks = [\"127.0.0.0/8\"]";

#[tokio::test]
async fn an_inside_address_is_not_connected_to_however_it_is_spelled() {
    let scripted = Script::new().on("/", Answer::new(200, "")).start().await.unwrap();
    let port = scripted.url().rsplit_once(':').unwrap().1;
    let spellings = [
        ("127.0.0.1", LOOPBACK),
        ("2130706433", LOOPBACK),
        ("0x7f.1", LOOPBACK),
        ("0177.0.0.1", LOOPBACK),
        ("127.1", LOOPBACK),
        ("[::ffff:127.0.0.1]", LOOPBACK),
        ("[64:ff9b::7f00:1]", LOOPBACK),
        ("[::1]", "networks = [\"::1/128\"]"),
        ("localhost", "networks = [\""),
        ("0.0.0.0", "networks = [\"0.0.0.0/32\"]"),
        ("169.254.169.254", "networks = [\"169.254.169.254/32\"]"),
        ("[fd00:ec2::254]", "networks = [\"fd00:ec2::254/128\"]"),
        ("100.100.100.200", "networks = [\"100.100.100.200/32\"]"),
        ("10.1.2.3", "networks = [\"10.1.2.0/24\"]"),
    ];
    let log = Log::capture();
    let sources: Vec<_> = spellings
        .iter()
        .enumerate()
        .map(|(number, (spelling, _))| {
            source(number, &format!("http://{spelling}:{port}"), "networks = [\"192.168.7.0/24\"]")
        })
        .collect();
    let host = host(&guest_sources_at(&sources)).await;
    for ((name, ..), (spelling, line)) in sources.iter().zip(spellings) {
        let [summary] = host.collect_from(name).await.try_into().unwrap();
        assert_eq!(outcome(&summary), ("failed", Some("misconfigured")), "{spelling}");
        log.assert_line(&["ended early", "is not connected to; if that is meant, write `", line]);
        assert_eq!(scripted.connections(), 0, "{spelling}");
    }
    host.finish().await;
}

fn source(number: usize, url: &str, networks: &str) -> (String, String, String) {
    let endpoint = format!("url = \"{url}\"\n{networks}");
    (format!("source-{number}"), endpoint, format!("behaviour = \"follow\"\nurl = \"{url}/x\""))
}

#[tokio::test]
async fn an_inside_address_of_a_named_network_is_connected_to() {
    let scripted = Script::new().on("/x", Answer::new(200, "")).start().await.unwrap();
    let port = scripted.url().rsplit_once(':').unwrap().1;
    let spellings = ["127.0.0.1", "2130706433", "localhost"];
    let sources = [0, 1, 2].map(|number| source(number, &format!("http://{}:{port}", spellings[number]), LOOPBACK));
    let host = host(&guest_sources_at(&sources)).await;
    for (name, ..) in &sources {
        assert_eq!(outcome(&host.collect_from(name).await[0]), ("ok", None), "{name}");
    }
    assert_eq!(scripted.requests().len(), 3);
    host.finish().await;
}

#[tokio::test]
async fn an_origin_that_is_named_is_not_connected_to_at_an_inside_address() {
    let inside = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let away = format!("http://{}", inside.local_addr().unwrap());
    for place in [away.as_str(), "http://169.254.169.254", "http://[::ffff:169.254.169.254]"] {
        let log = Log::capture();
        let redirect = Answer::new(302, "").header("location", &format!("{place}/latest"));
        let scripted = Script::new().on("/x", redirect).start().await.unwrap();
        for url in [format!("{}/x", scripted.url()), format!("{place}/latest")] {
            let endpoint = format!("url = \"{}\"\nnetworks = [\"127.0.0.1/32\"]\nalso = [\"{place}\"]", scripted.url());
            let host = host(&guest_source(&endpoint, &format!("behaviour = \"follow\"\nurl = \"{url}\""))).await;
            assert_eq!(outcome(&run(&host).await), ("failed", Some("misconfigured")), "{url}");
            log.assert_line(&["ended early", "is not connected to"]);
            host.finish().await;
        }
    }
    assert_eq!(inside.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody has come");
}

#[test]
fn check_online_tells_the_line_to_add() {
    let source = github_source("http://127.0.0.1:9", "repositories = [\"octo/app\"]").replace(LOOPBACK, "");
    let site = Site::new(&source);
    let ran = site.run(&["check", "--online"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = "github: fail connection: `127.0.0.1` is at 127.0.0.1, a loopback address, and is not connected to; \
                if that is meant, write `networks = [\"127.0.0.0/8\"]` for the endpoint\n    \
                hint: if that is meant, write `networks = [\"127.0.0.0/8\"]` for the endpoint\n";
    assert!(ran.stdout.ends_with(told), "{}", ran.stdout);
    let ran = site.run(&["check", "--online", "--format", "json"]);
    assert!(ran.stdout.contains(r#""hint":"if that is meant, write `networks = [\"127.0.0.0/8\"]`"#), "{ran:?}");
}

#[test]
fn check_online_tells_why_a_source_cannot_be_reached() {
    let site = Site::new(&github_source("http://127.0.0.1:9", "repositories = [\"octo/app\"]"));
    let ran = site.run(&["check", "--online"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = "github: fail connection: the source cannot be reached: no connection could be made\n";
    assert!(ran.stdout.ends_with(told), "{}", ran.stdout);
}
