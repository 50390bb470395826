//! Everything that can be asked about 500 teams and 26 weeks, computed anew as after a release; and whether twice the teams take twice the time.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::time::{Duration, Instant};

use quintant::metrics::{Answers, Scope, TimeRange};
use quintant::model::{Dimension, Family};
use quintant_tests::Released;
use quintant_tests::bench::{Bound, median, tell};

const TEAMS: usize = 500;
const WEEKS: i32 = 26;
const ROUNDS: usize = 3;

/// What one size takes.
struct Taken {
    indexed: Duration,
    answered: Duration,
    questions: usize,
}

fn main() {
    let (half, whole) = (middle(TEAMS / 2), middle(TEAMS));
    tell("answers_atoms", released(TEAMS).atoms().len() as f64, &Bound::None);
    tell("answers_questions", whole.questions as f64, &Bound::None);
    tell("answers_index_s", whole.indexed.as_secs_f64(), &Bound::None);
    tell("answers_all_s", whole.answered.as_secs_f64(), &Bound::AtMost(3.0));
    let ratio = whole.answered.as_secs_f64() / half.answered.as_secs_f64();
    tell("answers_twice_the_teams", ratio, &Bound::AtMost(3.0));
}

fn released(teams: usize) -> Released {
    Released { teams, weeks: WEEKS, seed: 1 }
}

fn middle(teams: usize) -> Taken {
    let taken: Vec<Taken> = (0..ROUNDS).map(|_| ask_everything(released(teams))).collect();
    let of = |time: fn(&Taken) -> Duration| median(taken.iter().map(time).collect());
    Taken { indexed: of(|taken| taken.indexed), answered: of(|taken| taken.answered), questions: taken[0].questions }
}

/// Every cell, range and dimension, written as it is answered, its trend, and the health score.
fn ask_everything(released: Released) -> Taken {
    let (atoms, teams) = (released.atoms(), released.names());
    let began = Instant::now();
    let answers = Answers::new(atoms, teams, Family::ALL.into_iter().collect(), true);
    let indexed = began.elapsed();
    let began = Instant::now();
    let cells = answers.cells().into_iter().map(|cell| Scope::Cell(cell.to_owned()));
    let scopes: Vec<Scope> = std::iter::once(Scope::Organization).chain(cells).collect();
    let (mut questions, mut bytes) = (0, 0);
    for scope in &scopes {
        for dimension in Dimension::ALL {
            bytes += serde_json::to_vec(&answers.trend(dimension, TimeRange::Quarter, scope).points).unwrap().len();
            questions += 1;
        }
        for range in TimeRange::NAMES.map(|name| TimeRange::from_name(name).unwrap()) {
            for dimension in Dimension::ALL {
                bytes += serde_json::to_vec(&answers.dimension(dimension, range, scope)).unwrap().len();
                questions += 1;
            }
            bytes += usize::from(answers.health(range, scope).0.score.is_some());
            questions += 1;
        }
    }
    assert!(bytes > questions * 100, "{bytes} bytes for {questions} questions");
    Taken { indexed, answered: began.elapsed(), questions }
}
