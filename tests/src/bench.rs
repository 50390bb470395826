//! What benchmarks share: how a figure is told, and what a piece of work takes.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use quintant::plugin::CollectRequest;
use quintant_upstreams::requests::Request;
use tokio::runtime::Runtime;
use url::Url;

use crate::{Host, simulation_end};

/// As far as a first run looks back.
pub const LOOK_BACK_DAYS: i64 = 90;

/// Which side of the bound is good.
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
    /// Told, not judged.
    None,
}

/// Prints a figure, and which bound it should keep: one JSON object a line.
pub fn tell(name: &str, value: f64, bound: &Bound) {
    let (bound, direction) = match *bound {
        Bound::AtLeast(bound) => (Some(bound), Some("at_least")),
        Bound::AtMost(bound) => (Some(bound), Some("at_most")),
        Bound::None => (None, None),
    };
    println!("{}", serde_json::json!({ "name": name, "value": value, "bound": bound, "direction": direction }));
}

/// The middle one of several runs.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A tenth of many runs took no longer: whatever else the machine does only ever adds.
pub fn undisturbed(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 10]
}

/// What a piece of work took.
pub struct Measured<T> {
    pub wall: Duration,
    /// Of this thread, which is the one that everything of Quintant runs on where the runtime has no other.
    pub cpu: Duration,
    pub result: T,
}

pub fn measured<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Measured<T> {
    let (began, cpu) = (Instant::now(), thread_cpu());
    let result = runtime.block_on(work);
    Measured { wall: began.elapsed(), cpu: thread_cpu() - cpu, result }
}

/// Time that this thread has spent on a processor.
fn thread_cpu() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// Every feed of the first source from the beginning, page after page; what comes is thrown away.
pub async fn collect_without_storing(host: &Host) {
    let setup = &host.app.setup;
    let now = simulation_end();
    let from = now - SignedDuration::from_hours(LOOK_BACK_DAYS * 24);
    for feed in &setup.sources[0].feeds {
        let mut session = setup.sources[0].start(&setup.config.calendar).await.unwrap();
        let mut cursor = None;
        loop {
            let request =
                CollectRequest { feed: &feed.name, cursor: cursor.clone(), from, until: now, now, most_facts: 1000 };
            let page = session.collect(request).await.unwrap();
            cursor = page.cursor.or(cursor);
            if !page.more {
                break;
            }
        }
    }
}

/// The same kind of client as the host's. Making it takes longer than some sources do.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().user_agent("bench").build().unwrap()
}

/// The same requests, one after the other; nobody reads the answers.
pub async fn ask_again(client: &reqwest::Client, url: &str, asked: &[Request]) {
    let origin = Url::parse(url).unwrap().origin().ascii_serialization();
    for request in asked {
        let mut sent = client.request(request.method.parse().unwrap(), format!("{origin}{}", request.target));
        if let Some(authorization) = &request.authorization {
            sent = sent.header("authorization", authorization);
        }
        sent.body(request.body.clone()).send().await.unwrap().bytes().await.unwrap();
    }
}
