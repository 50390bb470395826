//! Made-up organisations: teams of awkward sizes, people who move, hide behind two accounts, work far too much or hardly at all.

use std::fmt::Write as _;

use quintant::model::{Epoch, Span, TeamName, Week};

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).unwrap()
    }

    /// The same of few.
    pub fn below_few(&mut self, end: u8) -> u8 {
        u8::try_from(self.below(end.into())).unwrap()
    }

    pub fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    Member(usize),
    /// Whom the roster does not know.
    Outsider(usize),
}

/// One account of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub who: Who,
    pub number: u8,
}

#[derive(Debug, Clone)]
pub struct Member {
    /// From which week on in which team.
    pub moves: Vec<(Week, Option<usize>)>,
    pub accounts: u8,
    diligence: usize,
}

impl Member {
    pub fn team_in(&self, week: Week) -> Option<Option<usize>> {
        self.moves.iter().rev().find(|(from, _)| *from <= week).map(|(_, team)| *team)
    }
}

/// A change that was merged.
#[derive(Debug, Clone)]
pub struct Merge {
    pub week: Week,
    pub author: Option<Account>,
    pub owner: Option<usize>,
    pub reviewer: Option<Account>,
    /// From opened to the first review.
    pub waited: i64,
    pub comments: Option<u32>,
    /// Seconds from when it was opened until it ran in production.
    pub delivered: Option<i64>,
}

/// One account's use of one tool.
#[derive(Debug, Clone)]
pub struct Use {
    pub week: Week,
    pub actor: Account,
    pub tool: &'static str,
    pub count: u32,
}

/// A team deployed what broke its service, which may be whole again.
#[derive(Debug, Clone)]
pub struct Incident {
    pub week: Week,
    pub team: usize,
    /// Seconds until it was over.
    pub lasted: Option<i64>,
}

/// What happened.
#[derive(Clone)]
pub struct World {
    pub first: Week,
    pub weeks: i32,
    pub teams: Vec<TeamName>,
    pub members: Vec<Member>,
    pub outsiders: usize,
    pub merges: Vec<Merge>,
    /// Week and author.
    pub commits: Vec<(Week, Account)>,
    pub uses: Vec<Use>,
    /// Week, category and team of each report.
    pub friction: Vec<(Week, &'static str, Option<usize>)>,
    /// Messages of a week, where the chat had counted them itself and tells of nobody's.
    pub tallies: Vec<(Week, u32)>,
    pub incidents: Vec<Incident>,
    /// The roster is edited, also for weeks that are over, when so many weeks are over.
    pub edit: Option<(i32, usize, Option<usize>)>,
}

/// A change is merged so many seconds after it was opened, when its week begins.
pub(super) const MERGED_AFTER: i64 = 100 * 3600;

const MATTERMOST: &str = "mattermost";
const SIZES: [usize; 12] = [2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14];
const DILIGENCE: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 6, 25];

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        // Apart, so that what one adds leaves the rest as it is.
        let mut more_dice = Dice::new(!seed);
        let mut harm_dice = Dice::new(seed.reverse_bits());
        let (is_small, is_tallied) = (more_dice.one_in(10), more_dice.one_in(2));
        let first = Week::from_index(2951 + i32::try_from(dice.below(13)).unwrap());
        let weeks = 6 + i32::try_from(dice.below(9)).unwrap();
        let (more_teams, sizes, unassigned) = if is_small { (1, &SIZES[..4], 2) } else { (4, &SIZES[..], 8) };
        let teams: Vec<TeamName> =
            (0..2 + dice.below(more_teams)).map(|team| format!("team-{team}").parse().unwrap()).collect();
        let mut members = Vec::new();
        for team in 0..teams.len() {
            for _ in 0..dice.pick(sizes) {
                members.push(member(&mut dice, Some(team), teams.len(), first, weeks));
            }
        }
        for _ in 0..dice.below(unassigned) {
            members.push(member(&mut dice, None, teams.len(), first, weeks));
        }
        let outsiders = dice.below(4);
        let edit = dice.one_in(2).then(|| {
            let team = dice.below(teams.len() + 1);
            (1 + i32::try_from(dice.below(5)).unwrap(), dice.below(members.len()), (team < teams.len()).then_some(team))
        });
        let mut world = Self {
            first,
            weeks,
            teams,
            members,
            outsiders,
            merges: Vec::new(),
            commits: Vec::new(),
            uses: Vec::new(),
            friction: Vec::new(),
            tallies: Vec::new(),
            incidents: Vec::new(),
            edit,
        };
        for offset in 0..weeks {
            let week = first.plus(offset);
            world.work(week, &mut dice);
            world.complain(week, &mut more_dice);
            world.break_something(week, &mut harm_dice);
            if is_tallied {
                world.tallies.push((week, 1 + u32::try_from(more_dice.below(500)).unwrap()));
            }
        }
        if is_tallied {
            world.uses.retain(|usage| usage.tool != MATTERMOST);
        }
        world
    }

    /// Teams of so many people, one behind the other, in which nothing happened yet; `""` are people without a team.
    pub fn quiet(sizes: &[(&str, usize)], weeks: i32) -> Self {
        let first = Epoch::from_index(228).first_week();
        let names = sizes.iter().map(|(team, _)| *team).filter(|team| !team.is_empty());
        let teams: Vec<TeamName> = names.map(|team| team.parse().unwrap()).collect();
        let members = sizes.iter().flat_map(|(team, size)| {
            let team = teams.iter().position(|name| name.as_str() == *team);
            (0..*size).map(move |_| Member { moves: vec![(first.plus(-20), team)], accounts: 1, diligence: 0 })
        });
        Self {
            first,
            weeks,
            members: members.collect(),
            teams,
            outsiders: 0,
            merges: Vec::new(),
            commits: Vec::new(),
            uses: Vec::new(),
            friction: Vec::new(),
            tallies: Vec::new(),
            incidents: Vec::new(),
            edit: None,
        }
    }

    /// Somebody's first account.
    pub fn account(member: usize) -> Account {
        Account { who: Who::Member(member), number: 0 }
    }

    /// Changes that somebody merged in a week counted from the first, each reviewed by the other after an hour.
    pub fn merged(mut self, week: i32, author: usize, changes: usize, reviewer: Option<usize>) -> Self {
        let merge = Merge {
            week: self.first.plus(week),
            author: Some(Self::account(author)),
            owner: None,
            reviewer: reviewer.map(Self::account),
            waited: 3600,
            comments: Some(1),
            delivered: None,
        };
        self.merges.extend(std::iter::repeat_n(merge, changes));
        self
    }

    fn work(&mut self, week: Week, dice: &mut Dice) {
        for index in 0..self.members.len() {
            let Some(team) = self.members[index].team_in(week) else { continue };
            let diligence = self.members[index].diligence;
            // Somebody is away now and then.
            let amount = if dice.one_in(6) { 0 } else { dice.below(2 * diligence + 1) };
            for _ in 0..amount {
                let author = Account { who: Who::Member(index), number: dice.below_few(self.members[index].accounts) };
                let merge = self.merge(week, author, team, dice);
                self.merges.push(merge);
                self.commits.push((week, author));
            }
            for tool in ["ai", MATTERMOST, "backstage"] {
                if !dice.one_in(3) {
                    let actor = Account { who: Who::Member(index), number: 0 };
                    let count = 1 + u32::try_from(dice.below(8 * diligence + 1)).unwrap();
                    self.uses.push(Use { week, actor, tool, count });
                }
            }
            if dice.one_in(4) {
                self.friction.push((week, dice.pick(&["build", "docs", "tests"]), team));
            }
        }
        for outsider in 0..self.outsiders {
            let author = Account { who: Who::Outsider(outsider), number: 0 };
            for _ in 0..dice.below(4) {
                let merge = self.merge(week, author, None, dice);
                self.merges.push(merge);
            }
        }
    }

    /// Somebody reports the same again and again.
    fn complain(&mut self, week: Week, dice: &mut Dice) {
        for member in &self.members {
            let Some(team) = member.team_in(week) else { continue };
            if dice.one_in(30) {
                self.friction.extend(std::iter::repeat_n((week, "build", team), 10));
            }
        }
    }

    fn break_something(&mut self, week: Week, dice: &mut Dice) {
        for team in 0..self.teams.len() {
            if dice.one_in(2) {
                let lasted = (!dice.one_in(4)).then(|| 60 + i64::try_from(dice.below(300_000)).unwrap());
                self.incidents.push(Incident { week, team, lasted });
            }
        }
    }

    fn merge(&self, week: Week, author: Account, team: Option<usize>, dice: &mut Dice) -> Merge {
        let owner = if dice.one_in(4) { Some(dice.below(self.teams.len())) } else { team };
        let reviewer = (!dice.one_in(5)).then(|| dice.below(self.members.len())).map(Who::Member);
        let reviewer = reviewer.filter(|reviewer| *reviewer != author.who).map(|who| Account { who, number: 0 });
        Merge {
            week,
            author: (!dice.one_in(40)).then_some(author),
            owner: (!dice.one_in(10)).then_some(owner).flatten(),
            reviewer,
            waited: 60 + i64::try_from(dice.below(200_000)).unwrap(),
            comments: (!dice.one_in(30)).then(|| u32::try_from(dice.below(6)).unwrap()),
            delivered: (!dice.one_in(5)).then(|| MERGED_AFTER + i64::try_from(dice.below(1_500_000)).unwrap()),
        }
    }

    /// Those of a span's weeks, out of what is in the order of weeks.
    pub(super) fn within<'a, T>(of: &'a [T], span: &Span, week: impl Fn(&T) -> Week) -> &'a [T] {
        let place = |end: Week| of.partition_point(|item| week(item) < end);
        &of[place(span.start)..place(span.end())]
    }

    /// As an operator writes it; `over`: so many weeks are over.
    pub fn roster(&self, over: i32) -> String {
        let mut text = "person,team,from,code,chat\n".to_owned();
        for (index, member) in self.members.iter().enumerate() {
            let accounts: Vec<String> = (0..member.accounts).map(|number| format!("dev-{index:03}-{number}")).collect();
            let edited = self.edit.filter(|(when, who, _)| *when <= over && *who == index);
            let moves = edited.map_or_else(|| member.moves.clone(), |(_, _, team)| vec![(member.moves[0].0, team)]);
            for (from, team) in moves {
                let team = team.map_or("", |team| self.teams[team].as_str());
                writeln!(text, "person-{index:03},{team},{},{},{}", from.monday(), accounts.join(";"), accounts[0])
                    .unwrap();
            }
        }
        text
    }
}

fn member(dice: &mut Dice, team: Option<usize>, teams: usize, first: Week, weeks: i32) -> Member {
    let from = if dice.one_in(8) { first.plus(i32::try_from(dice.below(4)).unwrap()) } else { first.plus(-20) };
    let mut moves = vec![(from, team)];
    if dice.one_in(8) {
        let other = dice.below(teams + 1);
        let when = first.plus(1 + i32::try_from(dice.below(usize::try_from(weeks).unwrap())).unwrap());
        if when > from {
            moves.push((when, (other < teams).then_some(other)));
        }
    }
    Member { moves, accounts: if dice.one_in(5) { 2 } else { 1 }, diligence: dice.pick(&DILIGENCE) }
}
