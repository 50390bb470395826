//! The folder of one demo at a time: its database is stopped and removed when the demo ends, and again when the next one begins.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cluster;

pub(crate) struct DemoFolder {
    pub(crate) path: PathBuf,
    /// Where PostgreSQL's programs are.
    pub(crate) programs: PathBuf,
    _lock: File,
}

impl DemoFolder {
    pub(crate) fn take(path: PathBuf, programs: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        // The database runs as another user if we are root.
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755))?;
        let lock = File::create(path.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another demo runs in {}: stop it first", path.display());
        }
        let folder = Self { path, programs, _lock: lock };
        folder.remove_data()?;
        Ok(folder)
    }

    fn remove_data(&self) -> Result<()> {
        let data = self.path.join("data");
        // The host stops its own database, unless it was killed.
        cluster::stop_leftover(&self.programs, &data.join("postgres"))?;
        if data.exists() {
            fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        }
        Ok(())
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if let Err(error) = self.remove_data() {
            eprintln!("xtask: {error:#}");
        }
    }
}
