//! The way from a host to its database, which a test can close and open again.

use std::path::PathBuf;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

/// A socket of its own in front of the cluster's; closed, it is not there, and every connection through it is cut.
pub struct Passage {
    folder: tempfile::TempDir,
    url: String,
    cluster: PathBuf,
    carrier: Option<JoinHandle<()>>,
}

impl Passage {
    /// Closed at first.
    pub fn to(database_url: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("quintant-").tempdir_in("/tmp").unwrap();
        let mut url = url::Url::parse(database_url).unwrap();
        let host = url.query_pairs().find(|(name, _)| name == "host").expect("the scratch cluster is on a socket").1;
        let cluster = PathBuf::from(host.into_owned()).join(SOCKET);
        url.query_pairs_mut().clear().append_pair("host", folder.path().to_str().unwrap());
        Self { folder, url: url.into(), cluster, carrier: None }
    }

    /// The database's URL by this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn open(&mut self) {
        let listener = UnixListener::bind(self.folder.path().join(SOCKET)).unwrap();
        let cluster = self.cluster.clone();
        self.carrier = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = UnixStream::connect(&cluster).await.unwrap();
                // A connection ends as its two ends like; the test looks at the host, not at this.
                connections.spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await.is_ok() });
            }
        }));
    }

    pub async fn close(&mut self) {
        if let Some(carrier) = self.carrier.take() {
            carrier.abort();
            assert!(carrier.await.unwrap_err().is_cancelled());
            std::fs::remove_file(self.folder.path().join(SOCKET)).unwrap();
        }
    }
}

const SOCKET: &str = ".s.PGSQL.5432";
