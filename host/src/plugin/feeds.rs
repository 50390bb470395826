//! Which of a plugin's feeds a source reads: those that its settings ask for, and of these the operator's choice.

use super::descriptor::{Descriptor, FeedSpec};
use crate::config::{Note, Place, unknown};

/// The feeds in the plugin's order, and what is wrong with the choice at which place.
pub(super) fn select(
    descriptor: &Descriptor,
    chosen: Option<&[String]>,
    settings: &serde_json::Value,
) -> (Vec<FeedSpec>, Vec<(Place, Note)>) {
    let is_asked_for =
        |feed: &FeedSpec| feed.needs.as_ref().is_none_or(|need| need.is_met(&descriptor.settings_schema, settings));
    let asked_for = descriptor.feeds.iter().filter(|feed| is_asked_for(feed));
    let Some(chosen) = chosen else {
        let feeds: Vec<FeedSpec> = asked_for.cloned().collect();
        let nothing = Note::new("the settings ask for none of the plugin's feeds").help(needs(&descriptor.feeds));
        let mistakes = if feeds.is_empty() { vec![(Place::default().key("plugin"), nothing)] } else { Vec::new() };
        return (feeds, mistakes);
    };
    let place = Place::default().key("feeds");
    if chosen.is_empty() {
        let note = Note::new("`feeds` names no feed").label("leave it out, and all are read").showing_value();
        return (Vec::new(), vec![(place, note)]);
    }
    let mistake = |name: &str| match descriptor.feeds.iter().find(|feed| feed.name.as_str() == name) {
        None => {
            let names: Vec<&str> = descriptor.feeds.iter().map(|feed| feed.name.as_str()).collect();
            Some(unknown("feed", name, "feeds", &names))
        }
        Some(feed) if !is_asked_for(feed) => {
            let need = feed.needs.as_ref().map(ToString::to_string).unwrap_or_default();
            Some(Note::new(format!("the feed `{name}` needs {need}")).showing_value())
        }
        Some(_) => None,
    };
    let mistakes = chosen
        .iter()
        .enumerate()
        .filter_map(|(index, name)| Some((place.clone().key(&index.to_string()), mistake(name)?)))
        .collect();
    let is_chosen = |feed: &&FeedSpec| chosen.iter().any(|name| name == feed.name.as_str());
    (asked_for.filter(is_chosen).cloned().collect(), mistakes)
}

fn needs(feeds: &[FeedSpec]) -> String {
    let needs = feeds.iter().filter_map(|feed| Some(format!("`{}` needs {}", feed.name, feed.needs.as_ref()?)));
    needs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::descriptor::Need;
    use super::*;

    fn descriptor() -> Descriptor {
        let feed = |name: &str, needs: Option<Need>| FeedSpec {
            name: name.parse().unwrap(),
            emits: Vec::new(),
            interval: Duration::ZERO,
            look_back: Duration::ZERO,
            overlap: Duration::ZERO,
            needs,
        };
        let need = |setting: &str, one_of: &[&str]| {
            let one_of = one_of.iter().map(|text| (*text).to_owned()).collect();
            Some(Need { setting: setting.to_owned(), one_of })
        };
        Descriptor {
            name: "sample".to_owned(),
            version: "1.0.0".to_owned(),
            endpoints: Vec::new(),
            feeds: vec![
                feed("always", None),
                feed("labelled", need("labels", &[])),
                feed("on", need("switch", &[])),
                feed("posts", need("mode", &["posts", "both"])),
            ],
            metrics: Vec::new(),
            settings_schema: json!({ "properties": { "switch": { "default": true }, "mode": { "default": "counts" } } }),
        }
    }

    fn selected(chosen: Option<&[&str]>, settings: &Value) -> Result<String, String> {
        let chosen: Option<Vec<String>> = chosen.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let (feeds, mistakes) = select(&descriptor(), chosen.as_deref(), settings);
        match mistakes.as_slice() {
            [] => Ok(feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>().join(" ")),
            [(place, note), ..] => Err(format!("{place}: {}", note.message())),
        }
    }

    #[test]
    fn a_feed_is_read_where_the_settings_ask_for_it() {
        for (settings, expected) in [
            (json!({}), "always on"),
            (json!({ "labels": [], "switch": null }), "always"),
            (json!({ "labels": ["incident"], "switch": false, "mode": "both" }), "always labelled posts"),
            (json!({ "labels": "", "mode": ["posts"] }), "always on"),
        ] {
            assert_eq!(selected(None, &settings).as_deref(), Ok(expected), "{settings}");
        }
    }

    #[test]
    fn the_operators_choice_is_among_those_that_the_settings_ask_for() {
        let settings = json!({ "mode": "posts" });
        assert_eq!(selected(Some(&["posts", "always"]), &settings).as_deref(), Ok("always posts"));
        for (chosen, expected) in [
            (&["labelled"][..], "feeds.0: the feed `labelled` needs `settings.labels`"),
            (&["always", "alwais"], "feeds.1: unknown feed `alwais` in `feeds`"),
            (&[], "feeds: `feeds` names no feed"),
        ] {
            assert_eq!(selected(Some(chosen), &settings), Err(expected.to_owned()));
        }
        let expected = "feeds.0: the feed `posts` needs `settings.mode` to be `posts` or `both`";
        assert_eq!(selected(Some(&["posts"]), &json!({})), Err(expected.to_owned()));
    }
}
