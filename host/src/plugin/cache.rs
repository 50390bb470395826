//! Compiled code on disk. It is machine code that will run with our rights, so it is read only from a folder that nobody
//! else can write, and only byte for byte as it was written there.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, MetadataExt, OpenOptions, OpenOptionsExt};
use serde::{Deserialize, Serialize};

use super::load::sha256;

/// All three numbers of wasmtime's version: another one never loads what this one made.
pub(super) const WASMTIME: &str = wasmtime_environ::VERSION;

const LARGEST_CODE_BYTES: u64 = 512 << 20;
const LARGEST_INDEX_BYTES: u64 = 4096;
const DIGEST_DIGITS: usize = 64;
/// How long a file may be unfinished before its writer must have died.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);

/// Why compiled code cannot be kept, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("the code cache `{}` is a symbolic link; let `plugins.cache` name the folder itself", .0.display())]
    Link(PathBuf),
    #[error("the code cache `{}` is no folder; remove it, or let `plugins.cache` name another", .0.display())]
    NoFolder(PathBuf),
    #[error(
        "the code cache `{}` belongs to user {owner}, and this is user {us}; remove it, or let `plugins.cache` name a folder of this user", path.display()
    )]
    Foreign { path: PathBuf, owner: u32, us: u32 },
    #[error(
        "the code cache `{}` is open to other users (mode {mode:04o}), who may have put code there; remove it, it is made anew with mode 0700", path.display()
    )]
    Open { path: PathBuf, mode: u32 },
    #[error("the code cache `{}` cannot be {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },
}

/// Why there is no code to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Miss {
    #[error("it is new, or has changed")]
    Absent,
    #[error("its compiled code is damaged, or of another machine")]
    Unfit,
}

/// A folder that is ours alone. Being able to write there is being us: nothing in it is signed.
pub(super) struct CodeCache {
    path: PathBuf,
    folder: Dir,
}

/// What the child says of the code that it wrote. Every byte of it counts.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Index {
    component: String,
    wasmtime: String,
    engine: String,
    code: String,
    code_bytes: u64,
}

impl Index {
    fn code_name(&self) -> String {
        format!("{}-{}-{}.cwasm", self.component, self.wasmtime, self.engine)
    }

    fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text and numbers can be written as JSON")
    }
}

fn index_name(component: &str) -> String {
    format!("{component}-{WASMTIME}.json")
}

impl CodeCache {
    /// Opens the folder, made if it is not there, and refuses one that others may have written to.
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        let failed = |action| move |source| CacheError::Io { path: path.to_owned(), action, source };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| CacheError::NoFolder(path.to_owned()))?;
        std::fs::create_dir_all(parent).map_err(failed("made"))?;
        let parent = Dir::open_ambient_dir(parent, ambient_authority()).map_err(failed("opened"))?;
        match parent.create_dir_with(name, DirBuilder::new().mode(0o700)) {
            Err(reason) if !is_there(&parent, name) => return Err(failed("made")(reason)),
            _ => {}
        }
        let found = parent.symlink_metadata(name).map_err(failed("opened"))?;
        if found.is_symlink() {
            return Err(CacheError::Link(path.to_owned()));
        }
        if !found.is_dir() {
            return Err(CacheError::NoFolder(path.to_owned()));
        }
        let folder = parent.open_dir(name).map_err(failed("opened"))?;
        // Of what is open, whatever has become of the name since.
        let opened = folder.dir_metadata().map_err(failed("opened"))?;
        let us = rustix::process::geteuid().as_raw();
        if opened.uid() != us {
            return Err(CacheError::Foreign { path: path.to_owned(), owner: opened.uid(), us });
        }
        if opened.mode() & 0o077 != 0 {
            return Err(CacheError::Open { path: path.to_owned(), mode: opened.mode() & 0o7777 });
        }
        Ok(Self { path: path.to_owned(), folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The code of a component, as it was written.
    pub(super) fn fetch(&self, component: &str) -> Result<Vec<u8>, Miss> {
        let text = self.read(&index_name(component), LARGEST_INDEX_BYTES)?;
        let index: Index = serde_json::from_slice(&text).map_err(|_| Miss::Unfit)?;
        if index.text() != text || index.component != component || index.wasmtime != WASMTIME {
            return Err(Miss::Unfit);
        }
        // An index without its code is no cleaner than code without its index.
        let code = self.read(&index.code_name(), LARGEST_CODE_BYTES).map_err(|_| Miss::Unfit)?;
        if code.len() as u64 != index.code_bytes || sha256(&code) != index.code {
            return Err(Miss::Unfit);
        }
        Ok(code)
    }

    /// Writes code, then its index: whoever reads meanwhile sees the old pair, the new one, or one that does not fit.
    pub(super) fn put(&self, component: &str, engine: &str, code: &[u8]) -> Result<(), CacheError> {
        let index = Index {
            component: component.to_owned(),
            wasmtime: WASMTIME.to_owned(),
            engine: engine.to_owned(),
            code: sha256(code),
            code_bytes: code.len() as u64,
        };
        let write = || {
            self.write(&index.code_name(), code)?;
            self.write(&index_name(component), &index.text())?;
            self.folder.open(".")?.sync_all()?;
            self.remove_old(&index)
        };
        write().map_err(|source| CacheError::Io { path: self.path.clone(), action: "written", source })
    }

    fn read(&self, name: &str, most_bytes: u64) -> Result<Vec<u8>, Miss> {
        let file = match self.folder.open(name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Absent),
            Err(_) => return Err(Miss::Unfit),
        };
        let mut bytes = Vec::new();
        match file.take(most_bytes + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 <= most_bytes => Ok(bytes),
            _ => Err(Miss::Unfit),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // The process's own number is not enough where containers share the folder.
        let mut random = [0; 8];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
            .map_err(|_| io::Error::other("the system has no randomness"))?;
        let part = format!("{:016x}.part", u64::from_ne_bytes(random));
        let result = (|| {
            let mut file = self.folder.open_with(&part, OpenOptions::new().write(true).create_new(true).mode(0o600))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.folder.rename(&part, &self.folder, name)
        })();
        if result.is_err() {
            // The first error tells more than that of tidying up after it.
            let _ = self.folder.remove_file(&part);
        }
        result
    }

    /// Removes what other versions made, what another engine made of the same component, and what was never finished.
    fn remove_old(&self, new: &Index) -> io::Result<()> {
        for entry in self.folder.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_old = match (name.rsplit_once('.'), name.split_at_checked(DIGEST_DIGITS)) {
                (Some((_, "part")), _) => entry.metadata().is_ok_and(|file| {
                    let age = file.modified().map(|at| SystemTime::now().duration_since(at.into_std()));
                    age.is_ok_and(|age| age.is_ok_and(|age| age > LONGEST_WRITE))
                }),
                (Some((_, "json")), Some((_, rest))) => rest != format!("-{WASMTIME}.json"),
                (Some((_, "cwasm")), Some((component, rest))) => {
                    let is_ours = rest.starts_with(&format!("-{WASMTIME}-"));
                    !is_ours || (component == new.component && name != new.code_name())
                }
                _ => false,
            };
            if is_old {
                match self.folder.remove_file(name) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Also a link that leads nowhere is there.
fn is_there(parent: &Dir, name: &std::ffi::OsStr) -> bool {
    parent.symlink_metadata(name).is_ok()
}
