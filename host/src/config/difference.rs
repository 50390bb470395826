//! What one configuration changes of another: names of keys, never values.

use std::fmt;

use super::Config;

/// What a new configuration changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is taken over while the host runs.
    pub changed: Vec<String>,
    /// What holds from a start on.
    pub fixed: Vec<&'static str>,
}

impl Config {
    /// What `new` changes of it.
    pub fn difference(&self, new: &Config) -> Difference {
        let mut difference = Difference::default();
        for (key, is_same) in [
            ("server.listen", self.listen == new.listen),
            ("database", self.database == new.database),
            ("calendar.timezone", self.calendar.name() == new.calendar.name()),
            ("privacy.identity_key", self.privacy.identity_key == new.privacy.identity_key),
            ("plugins.cache", self.plugins.cache == new.plugins.cache),
            ("compat.original_api", self.compat == new.compat),
            ("friction.categories", self.friction == new.friction),
        ] {
            difference.fixed.extend((!is_same).then_some(key));
        }
        for (key, is_same) in [
            ("privacy.minimum_group", self.privacy.minimum_group == new.privacy.minimum_group),
            ("privacy.retention_days", self.privacy.retention == new.privacy.retention),
            ("privacy.daily_system", self.privacy.daily_system == new.privacy.daily_system),
            ("release.start", self.release.start == new.release.start),
            ("release.settle", self.release.settle == new.release.settle),
            ("health.weights", self.health == new.health),
            ("survey", self.survey == new.survey),
            ("plugins.directory", self.plugins.directory == new.plugins.directory),
            ("roster.file", self.roster.file == new.roster.file),
            ("roster.bots", self.roster.bots == new.roster.bots),
        ] {
            difference.changed.extend((!is_same).then(|| format!("`{key}`")));
        }
        difference.of_each("team", &self.teams, &new.teams, |team| &team.name);
        difference.of_each("service", &self.services, &new.services, |service| &service.name);
        difference.of_each("source", &self.sources, &new.sources, |source| &source.name);
        difference
    }
}

impl Difference {
    fn of_each<T: PartialEq, N: PartialEq + fmt::Display>(
        &mut self,
        what: &str,
        old: &[T],
        new: &[T],
        name: impl Fn(&T) -> &N,
    ) {
        let find = |list: &'_ [T], wanted: &N| list.iter().position(|one| name(one) == wanted);
        for one in new {
            let fate = match find(old, name(one)) {
                None => "added",
                Some(before) if old[before] != *one => "changed",
                Some(_) => continue,
            };
            self.changed.push(format!("{what} `{}` {fate}", name(one)));
        }
        for one in old.iter().filter(|one| find(new, name(one)).is_none()) {
            self.changed.push(format!("{what} `{}` removed", name(one)));
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changed.is_empty() { f.write_str("nothing differs") } else { f.write_str(&self.changed.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(Path::new("quintant.toml"), text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_changes_is_named_without_values() {
        let old = config(
            "[[team]]\nname = \"amber\"\n[[team]]\nname = \"cobalt\"\n[[source]]\nname = \"github\"\nplugin = \"github\"\n",
        );
        let new = config(
            "[[service]]\nname = \"api\"\nteam = \"amber\"\n[server]\nlisten = \"127.0.0.1:9\"\n[privacy]\nminimum_group = 6\n[[team]]\nname = \"amber\"\nowns = [\"octo/*\"]\n\
             [[team]]\nname = \"fjord\"\n[[source]]\nname = \"github\"\nplugin = \"github\"\n",
        );
        let difference = old.difference(&new);
        assert_eq!(difference.fixed, ["server.listen"]);
        assert_eq!(
            difference.to_string(),
            "`privacy.minimum_group`, team `amber` changed, team `fjord` added, team `cobalt` removed, service `api` added"
        );
        assert_eq!(new.difference(&new), Difference::default());
        assert_eq!(new.difference(&new).to_string(), "nothing differs");
    }
}
