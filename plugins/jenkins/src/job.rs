//! How a job is called, and where it is: paths are made of names, never taken from `url` fields.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A job, as far as reading it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its names from the root on, joined by `/`; a branch's is percent-encoded by Jenkins.
    #[serde(rename = "n")]
    pub full_name: String,
    /// The job is a branch of the multibranch project that it lies in.
    #[serde(rename = "b")]
    pub is_branch: bool,
    /// A pipeline: it has stages.
    #[serde(rename = "s")]
    pub has_stages: bool,
}

impl Job {
    /// The job without its branch.
    #[must_use]
    pub fn pipeline(&self) -> &str {
        match self.full_name.rsplit_once('/') {
            Some((project, _)) if self.is_branch => project,
            _ => &self.full_name,
        }
    }

    /// The name of the branch, decoded.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        self.is_branch.then(|| decoded(self.full_name.rsplit('/').next().unwrap_or_default()))
    }

    /// The path of its pages.
    #[must_use]
    pub fn path(&self) -> String {
        path(&self.full_name)
    }
}

/// `a/b` lies at `/job/a/job/b`; each name is encoded, whether it looks encoded already or not. The root is nothing.
#[must_use]
pub fn path(full_name: &str) -> String {
    let mut path = String::new();
    for name in full_name.split('/').filter(|name| !name.is_empty()) {
        path.push_str("/job/");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                write!(path, "%{byte:02X}").expect("a string takes everything");
            }
        }
    }
    path
}

/// Undoes percent-encoding; what is none stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_encoded_once_more() {
        let job = Job { full_name: "amber/api/feature%2Fx".to_owned(), is_branch: true, has_stages: true };
        assert_eq!(job.path(), "/job/amber/job/api/job/feature%252Fx");
        assert_eq!((job.pipeline(), job.branch().as_deref()), ("amber/api", Some("feature/x")));
        assert_eq!(path("to staging/größe"), "/job/to%20staging/job/gr%C3%B6%C3%9Fe");
        assert_eq!(path(""), "");
    }

    #[test]
    fn what_is_no_encoding_stays() {
        for (text, expected) in
            [("100%25-cpu", "100%-cpu"), ("a%", "a%"), ("%zz", "%zz"), ("%+1", "%+1"), ("ä%2F", "ä/")]
        {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
