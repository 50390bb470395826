//! The repositories: most belong to a team by pattern, some to nobody, one is empty and one was renamed.

use jiff::Timestamp;

use super::{Repository, Scale, suffix};

pub(super) struct Plot {
    pub(super) name: &'static str,
    former_name: Option<&'static str>,
    /// Position in the list of teams; none: nobody's.
    pub(super) team: Option<usize>,
    pub(super) empty: bool,
}

const fn plot(name: &'static str, team: Option<usize>) -> Plot {
    Plot { name, former_name: None, team, empty: false }
}

pub(super) const PLOTS: [Plot; 21] = [
    plot("acme/amber-api", Some(0)),
    plot("acme/amber-web", Some(0)),
    plot("acme/amber-worker", Some(0)),
    Plot { name: "acme/amber-gateway", former_name: Some("acme/amber-legacy"), team: Some(0), empty: false },
    plot("acme/birch-api", Some(1)),
    plot("acme/birch-web", Some(1)),
    plot("acme/birch-reports", Some(1)),
    plot("acme/cobalt-api", Some(2)),
    plot("acme/cobalt-search", Some(2)),
    plot("acme/cobalt-index", Some(2)),
    plot("acme/dune-api", Some(3)),
    plot("acme/dune-mobile", Some(3)),
    plot("acme/proto", Some(3)),
    plot("acme/ember-api", Some(4)),
    plot("acme/ember-batch", Some(4)),
    plot("acme/fjord-tools", Some(5)),
    plot("acme/grove-data", Some(6)),
    plot("acme/infrastructure", None),
    plot("acme/handbook", None),
    plot("acme/design-system", None),
    Plot { name: "acme/sandbox", former_name: None, team: None, empty: true },
];

pub(super) fn repositories(scale: Scale, created_at: Timestamp) -> Vec<Repository> {
    let plots = (0..scale.divisions).flat_map(|division| PLOTS.iter().map(move |plot| (division, plot)));
    plots
        .zip(1..)
        .map(|((division, plot), number): ((usize, &Plot), u64)| Repository {
            id: 515_430_000 + 91 * number,
            name: in_division(plot.name, division),
            former_name: plot.former_name.map(|name| in_division(name, division)),
            created_at,
            commits: Vec::new(),
            pushes: Vec::new(),
            changes: Vec::new(),
        })
        .collect()
}

/// Repositories, or a pattern of them, of the GitHub organisation that a division has for itself.
pub(super) fn in_division(name: &str, division: usize) -> String {
    name.replacen('/', &format!("{}/", suffix(division)), 1)
}
