//! Who says what where: chatter, reviews that are asked for, incidents, alerts of programs.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::super::delivery::Delivery;
use super::super::hours::{DAY, HOUR, Hours, WEEK};
use super::super::people::People;
use super::super::random::Random;
use super::super::{AccountId, Repository, Scale, date_of};
use super::people::{Cast, cast, id};
use super::{Channel, ChannelId, Chat, ChatTeam, Post, PostKind, Privacy, UserId};

/// Positions of teams.
const COMPANY: usize = 0;
const GUILD: usize = 1;
const LEADS: usize = 2;

pub(in super::super) fn chat(
    scale: Scale,
    seed: u64,
    start: Timestamp,
    end: Timestamp,
    people: &People,
    repositories: &[Repository],
    delivery: &Delivery,
) -> Chat {
    let mut random = Random::new(seed, "chat");
    let in_week = |week: i64, random: &mut Random| at(start.as_second() + week * WEEK + random.between(0, WEEK - 1), 0);
    let cast = cast(people, in_week(14, &mut random), &mut random);
    let places = Places::new(start, people, &in_week, &mut random);
    let hours = Hours::new(start, &mut Random::new(seed, "work"));
    let mut talk = Talk { start, end, random, hours, cast, places, posts: Vec::new(), joined: HashSet::new() };
    for week in 0..scale.weeks {
        talk.chatter(week, people);
    }
    for repository in repositories {
        talk.reviews(repository, people);
    }
    talk.deliveries(delivery, repositories);
    talk.incidents(delivery, repositories);
    talk.finish()
}

fn at(second: i64, millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(second * 1000 + millisecond).expect("the story lies in this era")
}

struct Places {
    teams: Vec<ChatTeam>,
    channels: Vec<Channel>,
    /// Of each team of the organisation: where it talks, where programs do, and where nobody else reads.
    rooms: Vec<[ChannelId; 3]>,
    town_square: ChannelId,
    incidents: ChannelId,
    guild: ChannelId,
    leads: ChannelId,
    direct: ChannelId,
    odd: [ChannelId; 4],
}

impl Places {
    fn new(
        start: Timestamp,
        people: &People,
        in_week: &impl Fn(i64, &mut Random) -> Timestamp,
        random: &mut Random,
    ) -> Self {
        let long_ago = start - SignedDuration::from_hours(24 * 300);
        let team = |name: &str, is_open: bool, random: &mut Random| ChatTeam {
            id: id(random),
            name: name.to_owned(),
            is_open,
        };
        let teams = vec![team("acme", true, random), team("guild", true, random), team("leads", false, random)];
        let mut channels = Vec::new();
        let mut add = |team: Option<usize>, name: String, privacy: Privacy, random: &mut Random| {
            let earlier_messages = u64::try_from(random.between(0, 9_000)).unwrap_or_default();
            channels.push(Channel {
                id: id(random),
                team,
                name,
                privacy,
                created_at: long_ago,
                archived_at: None,
                earlier_messages,
                counter_reset: None,
            });
            ChannelId(channels.len() - 1)
        };
        let town_square = add(Some(COMPANY), "town-square".to_owned(), Privacy::Public, random);
        let incidents = add(Some(COMPANY), "incidents".to_owned(), Privacy::Public, random);
        let rooms = people
            .teams
            .iter()
            .map(|team| {
                let name = team.name.trim_start_matches("team-");
                [
                    add(Some(COMPANY), name.to_owned(), Privacy::Public, random),
                    add(Some(COMPANY), format!("{name}-alerts"), Privacy::Public, random),
                    add(Some(COMPANY), format!("{name}-internal"), Privacy::Private, random),
                ]
            })
            .collect();
        let guild = add(Some(GUILD), "town-square".to_owned(), Privacy::Public, random);
        let leads = add(Some(LEADS), "town-square".to_owned(), Privacy::Public, random);
        let direct = add(None, "direct".to_owned(), Privacy::Direct, random);
        let opened_up = in_week(11, random);
        let odd = [
            add(Some(COMPANY), "launch".to_owned(), Privacy::Public, random),
            add(Some(COMPANY), "old-project".to_owned(), Privacy::Public, random),
            add(Some(COMPANY), "was-private".to_owned(), Privacy::PublicSince(opened_up), random),
            add(Some(COMPANY), "imported".to_owned(), Privacy::Public, random),
        ];
        let [launch, old_project, _, imported] = odd.map(|channel| channel.0);
        (channels[launch].created_at, channels[launch].earlier_messages) = (in_week(8, random), 0);
        channels[old_project].archived_at = Some(in_week(17, random));
        channels[imported].earlier_messages += 500;
        channels[imported].counter_reset = Some((in_week(13, random), 40));
        Self { teams, channels, rooms, town_square, incidents, guild, leads, direct, odd }
    }

    /// Where the owners of a repository talk, and their programs.
    fn of_repository(&self, name: &str, random: &mut Random) -> [ChannelId; 3] {
        let (owner, name) = name.split_once('/').unwrap_or_default();
        let own = name.split('-').next().unwrap_or_default().to_owned() + owner.trim_start_matches("acme");
        let room = self.rooms.iter().find(|room| self.channels[room[0].0].name == own);
        *room.unwrap_or_else(|| random.pick(&self.rooms))
    }
}

struct Talk {
    start: Timestamp,
    end: Timestamp,
    random: Random,
    hours: Hours,
    cast: Cast,
    places: Places,
    posts: Vec<Post>,
    joined: HashSet<(ChannelId, UserId)>,
}

impl Talk {
    fn chatter(&mut self, week: i64, people: &People) {
        let middle = date_of(at(self.start.as_second() + week * WEEK + 3 * DAY, 0));
        for (number, person) in people.people.iter().enumerate() {
            let Some(user) = self.cast.of_person[number] else { continue };
            let usual = self.random.between(1, 9) * i64::try_from(person.diligence).unwrap_or(1000);
            let team = person.team_on(middle);
            for _ in 0..usual / 1000 {
                let channel = self.somewhere(team);
                let second = self.hours.work_time(week, &mut self.random);
                self.say(channel, user, second, None);
            }
        }
        // Greetings in one millisecond.
        let second = self.hours.work_time(week, &mut self.random);
        let known: Vec<UserId> = self.cast.of_person.iter().copied().flatten().collect();
        let channel = self.places.town_square;
        for _ in 0..3 {
            let user = *self.random.pick(&known);
            self.post(channel, user, at(second, 333), None, PostKind::Message);
        }
        let second = self.hours.work_time(week, &mut self.random);
        let (former, machine) = (self.cast.former, self.cast.machine);
        if self.cast.users[former.0].deactivated_at.is_some_and(|left_at| at(second, 0) < left_at) {
            self.say(channel, former, second, None);
        }
        self.say(channel, machine, second + 60, None);
    }

    fn somewhere(&mut self, team: Option<usize>) -> ChannelId {
        let own = match team {
            Some(team) => self.places.rooms[team],
            None => *self.random.pick(&self.places.rooms),
        };
        match self.random.between(0, 99) {
            0..=54 => own[0],
            55..=59 => own[2],
            60..=72 => self.places.town_square,
            73..=80 => self.random.pick(&self.places.rooms)[0],
            81..=85 => self.places.guild,
            86..=87 => self.places.leads,
            88..=90 => self.places.direct,
            _ => *self.random.pick(&self.places.odd),
        }
    }

    /// A review is asked for, and talked about in the thread.
    fn reviews(&mut self, repository: &Repository, people: &People) {
        let channel = self.places.of_repository(&repository.name, &mut self.random)[0];
        for change in &repository.changes {
            let author = change.author.and_then(|author| self.user_of(author, people));
            let Some(author) = author.filter(|_| self.random.permille(450)) else { continue };
            let asked_at = change.opened_at.as_second() + self.random.between(20, 1200);
            let Some(root) = self.say(channel, author, asked_at, None) else { continue };
            for review in &change.reviews {
                let reviewer = review.reviewer.and_then(|reviewer| self.user_of(reviewer, people));
                if let Some(reviewer) = reviewer.filter(|_| self.random.permille(300)) {
                    let second = review.at.as_second().max(asked_at) + self.random.between(5, 600);
                    self.say(channel, reviewer, second, Some(root.clone()));
                }
            }
        }
    }

    /// Programs tell what was deployed, some twice in the same millisecond.
    fn deliveries(&mut self, delivery: &Delivery, repositories: &[Repository]) {
        for deployment in &delivery.deployments {
            let name = &repositories[deployment.repository].name;
            let channel = self.places.of_repository(name, &mut self.random)[1];
            let owner = self.cast.of_person.iter().copied().flatten().next().expect("the first person has an account");
            let told_at = at(deployment.finished_at.as_second(), self.random.between(0, 999));
            let (user, kind) = if self.random.permille(500) {
                (owner, PostKind::Webhook)
            } else {
                (self.cast.helper_bot, PostKind::Bot)
            };
            for _ in 0..self.random.between(1, 2) {
                self.post(channel, user, told_at, None, kind);
            }
        }
    }

    /// An incident brings people together.
    fn incidents(&mut self, delivery: &Delivery, repositories: &[Repository]) {
        let known: Vec<UserId> = self.cast.of_person.iter().copied().flatten().collect();
        for incident in &delivery.incidents {
            let channel = self.places.incidents;
            let second = incident.opened_at.as_second();
            let Some(root) = self.post(channel, self.cast.helper_bot, at(second, 7), None, PostKind::Bot) else {
                continue;
            };
            let lasted = incident.resolved_at.map_or(4 * HOUR, |at| at.as_second() - second).clamp(600, 12 * HOUR);
            for _ in 0..self.random.between(3, 9) {
                let user = *self.random.pick(&known);
                let said_at = second + self.random.between(60, lasted);
                let room = self.places.of_repository(&repositories[incident.repository].name, &mut self.random)[0];
                match self.random.permille(700) {
                    true => self.say(channel, user, said_at, Some(root.clone())),
                    false => self.say(room, user, said_at, None),
                };
            }
        }
    }

    fn user_of(&self, account: AccountId, people: &People) -> Option<UserId> {
        let person = people.people.iter().position(|person| person.accounts.contains(&account))?;
        self.cast.of_person[person]
    }

    fn say(&mut self, channel: ChannelId, user: UserId, second: i64, root: Option<String>) -> Option<String> {
        let at = at(second, self.random.between(0, 999));
        self.post(channel, user, at, root, PostKind::Message)
    }

    /// None where that is not possible: the channel is not there, or the story is over.
    fn post(
        &mut self,
        channel: ChannelId,
        author: UserId,
        at: Timestamp,
        root: Option<String>,
        kind: PostKind,
    ) -> Option<String> {
        let place = &self.places.channels[channel.0];
        if !place.exists_at(at) || place.is_archived_at(at) || at < self.start || at >= self.end {
            return None;
        }
        if kind == PostKind::Message && self.joined.insert((channel, author)) && place.privacy != Privacy::Direct {
            let id = id(&mut self.random);
            let (root, kind) = (None, PostKind::System);
            self.posts.push(Post { id, channel, author, at, root, kind, edited_at: None, deleted_at: None });
        }
        let id = id(&mut self.random);
        let later = |chance: u64, longest: i64, random: &mut Random| {
            let later_at = at + SignedDuration::from_secs(random.between(30, longest));
            (random.permille(chance) && later_at < self.end).then_some(later_at)
        };
        let edited_at = later(60, HOUR, &mut self.random);
        let deleted_at =
            later(20, 30 * HOUR, &mut self.random).filter(|deleted_at| edited_at.is_none_or(|at| at < *deleted_at));
        self.posts.push(Post { id: id.clone(), channel, author, at, root, kind, edited_at, deleted_at });
        Some(id)
    }

    fn finish(mut self) -> Chat {
        self.posts.sort_by_key(|post| post.at);
        let Places { teams, channels, .. } = self.places;
        Chat { teams, channels, users: self.cast.users, posts: self.posts }
    }
}
