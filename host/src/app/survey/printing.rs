//! Campaigns as an operator sees them: whom they ask and for how long, never how many have answered.

use serde_json::{Value, json};

use super::closing::is_over;
use crate::app::build::App;
use crate::app::command::Format;
use crate::model::Campaign;
use crate::pseudonym::CampaignKey;
use crate::release::Closed;

pub(super) fn print_closed(app: &App, closed: &[(Closed, Campaign)], format: Format) {
    let became = |closed: Closed| match closed {
        Closed::Told => "released",
        Closed::Withheld => "nothing is told",
        Closed::Before => "was closed before",
    };
    match format {
        Format::Json => {
            let closed = closed
                .iter()
                .map(|(closed, campaign)| json!({ "campaign": campaign.id.index(), "became": became(*closed) }));
            println!("{}", json!({ "closed": closed.collect::<Vec<_>>() }));
        }
        Format::Text if closed.is_empty() => println!("no campaign is over"),
        Format::Text => {
            for (closed, campaign) in closed {
                println!("closed {}: {}", line(app, campaign), became(*closed));
            }
        }
    }
}

pub(super) fn line(app: &App, campaign: &Campaign) -> String {
    let Campaign { id, instrument, span, invited, .. } = campaign;
    let people = invited.map_or_else(String::new, |invited| format!(", {invited} people"));
    let (from, to) = (span.start.monday(), app.setup.config.calendar.start_of(span.end()));
    let to = app.setup.config.calendar.date_of(to);
    format!("campaign {id}: `{}` in {}{people}, from {from} to {to}", instrument.as_str(), span.cell)
}

pub(super) fn condition(app: &App, campaign: &Campaign) -> &'static str {
    let has_key = CampaignKey::path(&app.setup.config.survey.keys, &campaign.seal).exists();
    match (campaign.is_closed, is_over(app, campaign), has_key) {
        (true, ..) => "closed",
        (false, false, _) => "open",
        (false, true, true) => "over, to be closed",
        (false, true, false) => "over, and its key is not here",
    }
}

pub(super) fn described(app: &App, campaign: &Campaign) -> Value {
    let Campaign { id, instrument, span, invited, .. } = campaign;
    json!({
        "campaign": id.index(),
        "instrument": instrument.as_str(),
        "cell": span.cell,
        "teams": span.teams,
        "from": span.start.monday().to_string(),
        "to": span.end().monday().to_string(),
        "invited": invited,
        "condition": condition(app, campaign),
    })
}
