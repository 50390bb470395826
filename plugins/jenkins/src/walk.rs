//! Goes through folders, organisation folders and multibranch projects, a stretch of a listing at a time.

use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Loss, Stop};
use crate::deployments::{self, Meaning};
use crate::job::{self, Job};
use crate::payload::{BUILD, Build, Item, Listing, SoftList};
use crate::settings::{Folder, Settings};

const STRETCH: usize = 100;
/// So many of the last items are asked for again, to see whether items before them went away meanwhile.
const OVERLAP: usize = 20;
const DEEPEST: usize = 10;
const MOST_RESTARTS: u8 = 3;
/// Longer names do not fit into a cursor many times.
const LONGEST_NAME_BYTES: usize = 1_000;

/// Most branches are built less often. What comes with the listing is asked for nowhere else.
const NEWEST_OF_A_BRANCH: usize = 8;

const ITEM: &str = "_class,name,fullName,lastBuild[timestamp,building],jobs[name]{0,1}";

/// The folders that are being read, each within the one before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Walk {
    frames: Vec<Frame>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Frame {
    /// Full name; the root has none.
    folder: String,
    is_multibranch: bool,
    offset: usize,
    /// The last name of the stretch before.
    last: Option<String>,
    restarts: u8,
    /// With the builds of its branches it was too much.
    #[serde(default)]
    is_too_much: bool,
    is_listed: bool,
    queue: Vec<Child>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Child {
    Folder { name: String, is_multibranch: bool },
    Job(Job),
}

/// What a step of the walk leads to.
pub enum Step {
    Job(Job),
    /// With all builds that they have.
    Branches(Vec<(Job, SoftList<Build>)>),
    On,
    End,
}

/// Which jobs are worth reading, and what was met on the way.
pub struct Guide<'a> {
    pub api: &'a Api<'a>,
    pub settings: &'a Settings,
    /// A job whose last build began before, and has ended, has no news.
    pub floor: Instant,
    /// The look-back is read: nearly every branch has news, so their builds are asked for with them.
    pub is_first: bool,
}

impl Walk {
    /// From all configured folders on, or from the root.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let root = Frame::new(String::new(), false);
        if settings.folders.is_empty() {
            return Self { frames: vec![root] };
        }
        // What kind of folder it is, its own listing tells.
        let folder = |folder: &Folder| Child::Folder { name: folder.as_str().to_owned(), is_multibranch: false };
        let queue = settings.folders.iter().map(folder).collect();
        Self { frames: vec![Frame { is_listed: true, queue, ..root }] }
    }

    /// The next job with news, or a stretch of a listing further on the way to it.
    ///
    /// # Errors
    /// When a folder cannot be read, and which; unless the run ends, it is left.
    pub fn step(&mut self, guide: &Guide<'_>, page: &mut Page) -> Result<Step, (String, Stop)> {
        let depth = self.frames.len();
        let ancestors: Vec<String> = self.frames.iter().map(|frame| frame.folder.clone()).collect();
        let Some(frame) = self.frames.last_mut() else { return Ok(Step::End) };
        if frame.queue.is_empty() && frame.is_listed {
            self.frames.pop();
            return Ok(Step::On);
        }
        if frame.queue.is_empty() {
            let folder = frame.folder.clone();
            return match frame.list(guide, &ancestors, page) {
                Ok(branches) if branches.is_empty() => Ok(Step::On),
                Ok(branches) => Ok(Step::Branches(branches)),
                Err(stop) => {
                    if let Stop::Here(_) = stop {
                        self.frames.pop();
                    }
                    Err((folder, stop))
                }
            };
        }
        match frame.queue.remove(0) {
            Child::Job(job) => Ok(Step::Job(job)),
            Child::Folder { name, .. } if depth > DEEPEST => {
                page.problem(ProblemKind::Truncated, Some(&name));
                Ok(Step::On)
            }
            Child::Folder { name, is_multibranch } => {
                self.frames.push(Frame::new(name, is_multibranch));
                Ok(Step::On)
            }
        }
    }
}

impl Frame {
    fn new(folder: String, is_multibranch: bool) -> Self {
        Self {
            folder,
            is_multibranch,
            offset: 0,
            last: None,
            restarts: 0,
            is_too_much: false,
            is_listed: false,
            queue: Vec::new(),
        }
    }

    fn list(
        &mut self,
        guide: &Guide<'_>,
        ancestors: &[String],
        page: &mut Page,
    ) -> Result<Vec<(Job, SoftList<Build>)>, Stop> {
        let start = self.offset.saturating_sub(if self.last.is_some() { OVERLAP } else { 0 });
        let end = start + STRETCH;
        let with_builds = guide.is_first && self.is_multibranch && !self.is_too_much;
        let builds = if with_builds { format!(",builds[{BUILD}]{{0,{NEWEST_OF_A_BRANCH}}}") } else { String::new() };
        let tree = format!("_class,jobs[{ITEM}{builds}]{{{start},{end}}}");
        let response = match guide.api.json(&job::path(&self.folder), &tree) {
            Err(Stop::Here(Loss::TooLarge | Loss::Unavailable)) if with_builds => {
                self.is_too_much = true;
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        let listing = response.json::<Listing>()?;
        self.is_multibranch |= listing.is_multibranch();
        let Some(items) = listing.jobs.0 else { return Err(Stop::Here(Loss::NotFound)) };
        let count = items.len();
        let names: Vec<Option<&str>> =
            items.iter().map(|item| item.0.as_ref().and_then(|item| item.name.0.as_deref())).collect();
        let known = self.last.as_deref().and_then(|last| names.iter().rposition(|name| *name == Some(last)));
        if self.last.is_some() && known.is_none() {
            // Items went away before this stretch, and as many may have slipped out of sight.
            if self.restarts < MOST_RESTARTS {
                (self.offset, self.last, self.restarts) = (0, None, self.restarts + 1);
                return Ok(Vec::new());
            }
            page.problem(ProblemKind::Truncated, Some(self.scope()));
        }
        let first_new = known.map_or(0, |known| known + 1);
        let (mut rejected, mut branches) = (0, Vec::new());
        for item in items.iter().skip(first_new) {
            match item.0.as_ref().and_then(|item| self.child(item, guide, ancestors, page)) {
                Some(Verdict::Take(child)) => self.queue.push(child),
                Some(Verdict::Branch(job, builds)) => branches.push((job, builds)),
                Some(Verdict::Leave) => {}
                None => rejected += 1,
            }
        }
        page.reject(Some(self.scope()), rejected);
        self.is_listed = count != STRETCH;
        self.offset = start + count;
        self.last = names.iter().rev().find_map(|name| name.map(str::to_owned));
        Ok(branches)
    }

    /// None where it is nothing that Jenkins has.
    fn child(&self, item: &Item, guide: &Guide<'_>, ancestors: &[String], page: &mut Page) -> Option<Verdict> {
        let name = item.name.0.as_deref().filter(|name| is_name(name))?;
        let full_name = if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) };
        if !guide.settings.wants(&full_name) {
            return Some(Verdict::Leave);
        }
        if full_name.len() > LONGEST_NAME_BYTES {
            return None;
        }
        if item.is_folder() {
            let is_loop = item.full_name.0.as_ref().is_some_and(|real| ancestors.contains(real));
            if is_loop {
                page.problem(ProblemKind::Truncated, Some(&full_name));
                return Some(Verdict::Leave);
            }
            return Some(Verdict::Take(Child::Folder { name: full_name, is_multibranch: item.is_multibranch() }));
        }
        let has_news = item
            .last_build
            .as_ref()
            .is_some_and(|last| last.building || last.timestamp.is_none_or(|started_at| started_at >= guide.floor));
        if !has_news {
            return Some(Verdict::Leave);
        }
        let has_stages = item.has_stages() || item.class.0.is_none() && self.is_multibranch;
        let job = Job { full_name, is_branch: self.is_multibranch, has_stages };
        let is_whole = item.builds.0.as_ref().is_some_and(|builds| builds.len() < NEWEST_OF_A_BRANCH);
        Some(if is_whole && guide.asks_no_more_of(&job) {
            Verdict::Branch(job, item.builds.clone())
        } else {
            Verdict::Take(Child::Job(job))
        })
    }

    fn scope(&self) -> &str {
        if self.folder.is_empty() { "/" } else { &self.folder }
    }
}

impl Guide<'_> {
    /// Whether its builds tell everything themselves: neither is their coverage read, nor do their stages deploy.
    fn asks_no_more_of(&self, job: &Job) -> bool {
        job.branch().is_some_and(|branch| !self.settings.is_default_branch(&branch))
            && matches!(deployments::meaning(self.settings, job, false), Meaning::Build)
    }
}

enum Verdict {
    Take(Child),
    Branch(Job, SoftList<Build>),
    Leave,
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/') && !name.chars().any(char::is_control)
}
