//! Files that hold one key each, readable by their owner alone. Nothing of them is ever in the database.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

pub(super) const KEY_BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key `{}` cannot be {did}: {reason}", path.display())]
    Io { path: PathBuf, did: &'static str, reason: std::io::Error },
    #[error("the key `{}` is not {KEY_BYTES} bytes in hexadecimal", .0.display())]
    Malformed(PathBuf),
    #[error("the key `{}` may be read by others (mode {mode:o}); `chmod 600` it", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    #[error("the recipient's key is one that everybody could read; make another one with `age-keygen`")]
    WeakRecipient,
}

pub(super) fn random<const BYTES: usize>() -> Result<[u8; BYTES], KeyError> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

/// The key of a file, if there is the file.
pub(super) fn read(path: &Path) -> Result<Option<[u8; KEY_BYTES]>, KeyError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(reason) => return Err(KeyError::Io { path: path.to_owned(), did: "read", reason }),
    };
    let mode = std::fs::metadata(path).map_err(failed(path, "inspected"))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode: mode & 0o777 });
    }
    from_hex(text.trim()).map(Some).ok_or_else(|| KeyError::Malformed(path.to_owned()))
}

/// Makes the file, and the folder that it lies in.
pub(super) fn create(path: &Path, key: &[u8; KEY_BYTES]) -> Result<(), KeyError> {
    if let Some(folder) = folder(path) {
        std::fs::create_dir_all(folder).map_err(failed(path, "created"))?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path, "created"))?;
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(path, "written"))
}

/// Writes over the file and removes it. Answers whether there was one.
pub(super) fn destroy(path: &Path) -> Result<bool, KeyError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(reason) => return Err(KeyError::Io { path: path.to_owned(), did: "destroyed", reason }),
    };
    file.write_all(&[b'0'; 2 * KEY_BYTES]).and_then(|()| file.sync_all()).map_err(failed(path, "destroyed"))?;
    std::fs::remove_file(path).map_err(failed(path, "destroyed"))?;
    if let Some(folder) = folder(path) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(path, "destroyed"))?;
    }
    Ok(true)
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn failed(path: &Path, did: &'static str) -> impl Fn(std::io::Error) -> KeyError {
    move |reason| KeyError::Io { path: path.to_owned(), did, reason }
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_there_until_it_is_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/1.key");
        assert_eq!(read(&path).unwrap(), None);
        create(&path, &[7; KEY_BYTES]).unwrap();
        assert_eq!(read(&path).unwrap(), Some([7; KEY_BYTES]));
        assert!(create(&path, &[8; KEY_BYTES]).is_err(), "none is written over");
        assert!(destroy(&path).unwrap());
        assert_eq!((read(&path).unwrap(), destroy(&path).unwrap()), (None, false));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1.key");
        create(&path, &[7; KEY_BYTES]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("(mode 640); `chmod 600` it"));
    }
}
