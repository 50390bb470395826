//! Which repositories have pipelines, what kind they are, and how their services are deployed.

use super::super::{folder, repositories, suffix};
use super::{JobKind, Runner};

#[derive(Clone, Copy)]
pub(super) struct Plot {
    /// Whose it is.
    division: usize,
    pub(super) repository: &'static str,
    /// Full name of the pipeline that builds.
    pub(super) pipeline: &'static str,
    service: &'static str,
    pub(super) runner: Runner,
    pub(super) deploys: Deploys,
    /// Builds the head every night too.
    pub(super) nightly: bool,
    pub(super) coverage: bool,
    pub(super) keeps: Option<usize>,
    /// The job is made anew in the middle of the story.
    pub(super) recreated: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Deploys {
    Never,
    /// By stages of the build.
    Stages,
    /// By jobs of their own: to staging, to production, and back.
    Jobs([&'static str; 3]),
    /// By GitHub's deployments.
    GitHub,
}

const fn jenkins(
    repository: &'static str,
    pipeline: &'static str,
    service: &'static str,
    kind: JobKind,
    deploys: Deploys,
) -> Plot {
    let runner = Runner::Jenkins(kind);
    Plot {
        division: 0,
        repository,
        pipeline,
        service,
        runner,
        deploys,
        nightly: false,
        coverage: true,
        keeps: None,
        recreated: false,
    }
}

const fn actions(repository: &'static str, service: &'static str, deploys: Deploys) -> Plot {
    Plot {
        division: 0,
        repository,
        pipeline: "build",
        service,
        runner: Runner::Actions,
        deploys,
        nightly: false,
        coverage: false,
        keeps: None,
        recreated: false,
    }
}

#[rustfmt::skip]
pub(super) const PLOTS: [Plot; 19] = [
    Plot { nightly: true, ..jenkins("acme/amber-api", "amber/api", "amber-api", JobKind::Multibranch, Deploys::Stages) },
    jenkins("acme/amber-web", "amber/web", "amber-web", JobKind::Multibranch, Deploys::Stages),
    jenkins("acme/amber-worker", "amber/worker", "amber-worker", JobKind::Multibranch, Deploys::Stages),
    jenkins("acme/amber-gateway", "amber/gateway", "amber-gateway", JobKind::Multibranch, Deploys::Stages),
    jenkins("acme/birch-api", "birch/api", "birch-api", JobKind::Freestyle,
        Deploys::Jobs(["birch/deploy/api-staging", "birch/deploy/api-production", "birch/deploy/api-rollback"])),
    Plot { coverage: false, ..jenkins("acme/birch-web", "birch/web", "birch-web", JobKind::Freestyle,
        Deploys::Jobs(["birch/deploy/web-staging", "birch/deploy/web-production", "birch/deploy/web-rollback"])) },
    Plot { recreated: true, ..jenkins("acme/birch-reports", "birch/reports", "birch-reports", JobKind::Freestyle, Deploys::Never) },
    Plot { nightly: true, ..jenkins("acme/cobalt-api", "cobalt/cobalt-api", "cobalt-api", JobKind::Multibranch, Deploys::Stages) },
    jenkins("acme/cobalt-search", "cobalt/cobalt-search", "cobalt-search", JobKind::Multibranch, Deploys::Stages),
    Plot { coverage: false, ..jenkins("acme/cobalt-index", "cobalt/cobalt-index", "cobalt-index", JobKind::Multibranch, Deploys::Never) },
    Plot { nightly: true, ..jenkins("acme/dune-api", "dune/platform/api", "dune-api", JobKind::Pipeline, Deploys::Stages) },
    Plot { coverage: false, ..jenkins("acme/proto", "proto", "proto", JobKind::Freestyle, Deploys::Never) },
    Plot { keeps: Some(30), ..jenkins("acme/ember-api", "ember/api", "ember-api", JobKind::Pipeline,
        Deploys::Jobs(["ember/api to staging", "ember/api to production", "ember/api back"])) },
    actions("acme/dune-mobile", "dune-mobile", Deploys::Never),
    actions("acme/ember-batch", "ember-batch", Deploys::GitHub),
    actions("acme/fjord-tools", "fjord-tools", Deploys::Never),
    actions("acme/grove-data", "grove-data", Deploys::GitHub),
    actions("acme/infrastructure", "infrastructure", Deploys::GitHub),
    actions("acme/design-system", "design-system", Deploys::GitHub),
];

impl Plot {
    pub(super) fn position(&self) -> usize {
        let position = repositories::PLOTS
            .iter()
            .position(|plot| plot.name == self.repository)
            .expect("pipelines are those of repositories that are there");
        self.division * repositories::PLOTS.len() + position
    }

    /// The same in another division.
    pub(super) fn in_division(&self, division: usize) -> Self {
        Self { division, ..*self }
    }

    /// The full name of one of its jobs.
    pub(super) fn job(&self, name: &str) -> String {
        match self.runner {
            Runner::Jenkins(_) => folder(self.division) + name,
            Runner::Actions => name.to_owned(),
        }
    }

    pub(super) fn service(&self) -> String {
        format!("{}{}", self.service, suffix(self.division))
    }
}
