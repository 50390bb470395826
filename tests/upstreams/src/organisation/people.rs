//! Who is there: teams, roster rows and accounts, with the odd cases that rosters have.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::chat::roster_spelling;
use super::random::Random;
use super::repositories::in_division;
use super::scale::TEAMS_A_DIVISION;
use super::{Account, AccountId, AccountKind, Membership, Scale, Team, date_of, suffix};

/// Name, people at the start, repositories owned.
const TEAMS: [(&str, usize, &[&str]); TEAMS_A_DIVISION] = [
    ("team-amber", 14, &["acme/amber-*"]),
    ("team-birch", 12, &["acme/birch-*"]),
    ("team-cobalt", 11, &["acme/cobalt-*"]),
    ("team-dune", 9, &["acme/dune-*", "acme/proto"]),
    ("team-ember", 6, &["acme/ember-*"]),
    ("team-fjord", 4, &["acme/fjord-*"]),
    ("team-grove", 3, &["acme/grove-*"]),
];
const WITHOUT_TEAM: usize = 7;
const OUTSIDERS: usize = 6;

/// A human being and the teams they were in.
pub(super) struct Person {
    pub(super) accounts: Vec<AccountId>,
    /// Their commits carry an address that no account has.
    pub(super) commits_by_email_only: bool,
    /// None: not in the roster.
    pub(super) name: Option<String>,
    /// How much they do, in thousandths of the usual.
    pub(super) diligence: u64,
    teams: Vec<(Date, Option<usize>)>,
}

impl Person {
    /// The team at that date, as a position in the list of teams.
    pub(super) fn team_on(&self, date: Date) -> Option<usize> {
        self.teams.iter().rev().find(|(from, _)| *from <= date).and_then(|(_, team)| *team)
    }
}

pub(super) struct People {
    pub(super) teams: Vec<Team>,
    pub(super) roster: Vec<Membership>,
    pub(super) accounts: Vec<Account>,
    pub(super) people: Vec<Person>,
    pub(super) dependabot: AccountId,
    pub(super) review_bot: AccountId,
    /// A machine account that GitHub calls a user.
    pub(super) machine: AccountId,
    pub(super) ghost: AccountId,
}

pub(super) fn people(scale: Scale, seed: u64, start: Timestamp) -> People {
    let mut random = Random::new(seed, "people");
    let long_ago = date_of(start) - 60.days();
    let mut accounts = Vec::new();
    let mut people = Vec::new();
    let outsiders = OUTSIDERS * scale.divisions;
    let teams_at_start =
        (0..scale.teams()).flat_map(|team| std::iter::repeat_n(Some(team), TEAMS[team % TEAMS.len()].1));
    for team in teams_at_start.chain(std::iter::repeat_n(None, WITHOUT_TEAM * scale.divisions + outsiders)) {
        let number = people.len() + 1;
        let login = format!("dev-{number:03}");
        let mut own = vec![add_account(&mut accounts, &login, AccountKind::User)];
        if number == 7 {
            own.push(add_account(&mut accounts, "dev-007-work", AccountKind::User));
        }
        let diligence = u64::try_from(random.between(650, 1350)).unwrap_or(1000);
        people.push(Person {
            accounts: own,
            commits_by_email_only: false,
            name: None,
            diligence,
            teams: vec![(long_ago, team)],
        });
    }
    let rostered = people.len() - outsiders;
    for (index, person) in people.iter_mut().take(rostered).enumerate() {
        person.name = Some(format!("Person {:03}", index + 1));
    }
    for index in [2, 40, rostered + 1] {
        people[index].commits_by_email_only = true;
    }
    for index in [11, 30, 52] {
        let account = people[index].accounts[0];
        accounts[account.0].login = accounts[account.0].login.replace("dev", "Dev");
    }
    moves(&mut people, date_of(start), &mut random);

    let roster = roster(&people[..rostered], &accounts);
    let dependabot = add_account(&mut accounts, "dependabot[bot]", AccountKind::Bot);
    let review_bot = add_account(&mut accounts, "review-helper[bot]", AccountKind::Bot);
    let machine = add_account(&mut accounts, "acme-ci", AccountKind::User);
    let ghost = add_account(&mut accounts, "ghost", AccountKind::User);
    let teams = (0..scale.teams())
        .map(|team| {
            let (division, (_, _, owns)) = (team / TEAMS.len(), TEAMS[team % TEAMS.len()]);
            Team { name: team_name(team), owns: owns.iter().map(|pattern| in_division(pattern, division)).collect() }
        })
        .collect();
    People { teams, roster, accounts, people, dependabot, review_bot, machine, ghost }
}

fn team_name(team: usize) -> String {
    format!("{}{}", TEAMS[team % TEAMS.len()].0, suffix(team / TEAMS.len()))
}

fn add_account(accounts: &mut Vec<Account>, login: &str, kind: AccountKind) -> AccountId {
    let number = accounts.len() + 1;
    let mailbox = login.trim_end_matches("[bot]");
    accounts.push(Account {
        id: 4_200_000 + 137 * number as u64,
        login: login.to_owned(),
        name: format!("Account {number}"),
        email: format!("{mailbox}@example.invalid"),
        kind,
    });
    AccountId(accounts.len() - 1)
}

/// People change teams, join late and leave, on Mondays and in mid-week.
fn moves(people: &mut [Person], start: Date, random: &mut Random) {
    let on = |week: i64, day: i64| start + (week * 7 + day).days();
    let mut move_to = |person: usize, week: i64, team: Option<usize>, random: &mut Random| {
        let date = on(week + random.between(0, 1), random.between(0, 6));
        people[person].teams.push((date, team));
    };
    move_to(0, 6, Some(1), random);
    move_to(1, 15, Some(1), random);
    move_to(15, 17, Some(0), random);
    move_to(16, 9, Some(0), random);
    move_to(27, 20, Some(4), random);
    move_to(38, 12, Some(2), random);
    move_to(38, 18, Some(3), random);
    move_to(52, 17, None, random);
    move_to(60, 21, Some(5), random);
    // The first row of these two lies inside the story: before it they have no team.
    people[5].teams[0].0 = on(16, random.between(0, 6));
    people[33].teams[0].0 = on(4, random.between(0, 6));
}

fn roster(people: &[Person], accounts: &[Account]) -> Vec<Membership> {
    let mut rows = Vec::new();
    for (index, person) in people.iter().enumerate() {
        let mut github: Vec<String> = person.accounts.iter().map(|account| accounts[account.0].login.clone()).collect();
        if person.commits_by_email_only {
            github.push(accounts[person.accounts[0].0].email.replace("example", "Example"));
        }
        if index % 9 == 4 {
            github = github.iter().map(|spelling| spelling.replace("dev-", "DEV-")).collect();
        }
        for (from, team) in &person.teams {
            rows.push(Membership {
                person: person.name.clone().expect("everybody in the roster has a name"),
                team: team.map(team_name),
                from: *from,
                github: github.clone(),
                mattermost: roster_spelling(index, &accounts[person.accounts[0].0].email),
            });
        }
    }
    rows
}
