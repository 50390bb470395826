//! A survey as a form: a scale or a number for each question, and what was wrong with the last try at the field that it was about.

use super::body::TOKEN;
use crate::api::Problem;
use crate::api::problem::Code;
use crate::model::{Asked, Instrument, Question};

/// More choices than these are typed.
const LONGEST_SCALE: f64 = 10.0;
const WRONG: &str = "wrong";
const FIELD: &str = "field";

/// As people are asked, with what the ends of a scale mean.
struct Wording {
    asks: &'static str,
    ends: Option<[&'static str; 2]>,
}

/// Why nothing was taken. It travels in an address, so it is a code and the name of a field.
pub(super) struct Wrong {
    code: Code,
    field: &'static str,
}

impl Wrong {
    /// What a person can mend.
    pub(super) fn of(instrument: Instrument, problem: &Problem) -> Option<Self> {
        let code = problem.code();
        let asked = || instrument.asks().iter().map(|asked| asked.field).find(|field| problem.is_about(field));
        match code {
            Code::BadField => Some(Self { code, field: asked()? }),
            Code::Unauthorized | Code::TokenUsed | Code::CampaignClosed | Code::NoCampaign => {
                Some(Self { code, field: TOKEN })
            }
            _ => None,
        }
    }

    /// Where the form is told about.
    pub(super) fn address(&self, instrument: Instrument) -> String {
        format!("/surveys/{}?{WRONG}={}&{FIELD}={}", instrument.as_str(), self.code.as_str(), self.field)
    }

    /// What such an address says; whatever else it holds is not looked at.
    pub(super) fn read(instrument: Instrument, query: &str) -> Option<Self> {
        let value = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        let (code, field) = (value(WRONG)?.1, value(FIELD)?.1);
        let fields = instrument.asks().iter().map(|asked| asked.field).chain([TOKEN]);
        let code = *Code::ALL.iter().find(|known| known.is_of_submissions() && known.as_str() == code)?;
        let field = fields.into_iter().find(|known| *known == field)?;
        Some(Self { code, field }).filter(|wrong| wrong.sentence(instrument).is_some())
    }

    fn sentence(&self, instrument: Instrument) -> Option<String> {
        let text = match self.code {
            Code::BadField => {
                let asked = instrument.asks().iter().find(|asked| asked.field == self.field)?;
                return Some(format!("Give {}.", range(asked.question)));
            }
            Code::Unauthorized => "This is none of the tokens that were issued. Look for a letter that was mistyped.",
            Code::TokenUsed => "This token was used already. Each is good for one answer.",
            Code::CampaignClosed => "This survey is closed. What was answered in time counts.",
            Code::NoCampaign => "This token is for another survey.",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// What was typed is not shown again: a page may be kept by a browser.
pub(super) fn form(instrument: Instrument, wrong: Option<&Wrong>) -> String {
    let name = instrument.as_str();
    let told = wrong.and_then(|wrong| Some((wrong.field, wrong.sentence(instrument)?)));
    let about = |field: &str| told.as_ref().filter(|(about, _)| *about == field).map(|(_, sentence)| sentence.as_str());
    let alert = told.as_ref().map_or("", |_| {
        "<p class=\"alert\" role=\"alert\"><strong>Nothing was taken.</strong> What is wrong is said below. What you had filled in is kept nowhere, so it is \
         to be filled in again.</p>\n"
    });
    let questions: String = instrument.asks().iter().map(|asked| question(asked, about(asked.field))).collect();
    let token = field(
        TOKEN,
        "Your token",
        "Good for one answer. Upper and lower case are the same.",
        "type=\"text\" required autocapitalize=\"characters\" spellcheck=\"false\" class=\"token\"",
        about(TOKEN),
    );
    format!(
        "{alert}<p class=\"promise\">Nobody sees your answer: it is sealed now, opened together with all others when the survey is closed, and becomes part \
         of one figure of five people or more. With fewer, nothing is told at all.</p>\n\
         <form method=\"post\" action=\"/surveys/{name}\" autocomplete=\"off\">\n{questions}{token}<button type=\"submit\">Send</button>\n</form>"
    )
}

/// The question with what the ends of its scale mean, in one sentence.
pub(super) fn wording(question: Question) -> String {
    let (Wording { asks, ends }, (least, most)) = (words(question), question.range());
    ends.map_or_else(|| asks.to_owned(), |[low, high]| format!("{asks} {least} is {low}, {most} is {high}"))
}

fn question(asked: &Asked, wrong: Option<&str>) -> String {
    let Asked { field: name, question, is_required } = *asked;
    let Wording { asks, ends } = words(question);
    let (least, most) = question.range();
    let required = if is_required { " required" } else { "" };
    if let Some(ends) = ends.filter(|_| question.is_whole() && most - least <= LONGEST_SCALE) {
        return scale(asked, asks, ends, wrong);
    }
    let step = if question.is_whole() { "1" } else { "any" };
    let hint = format!("{}.{}", capitalized(&range(question)), if is_required { "" } else { " You may leave it out." });
    let input =
        format!("type=\"number\" inputmode=\"decimal\" min=\"{least}\" max=\"{most}\" step=\"{step}\"{required}");
    field(name, asks, &hint, &input, wrong)
}

/// One input with its label, its hint and what is wrong with it.
fn field(name: &str, label: &str, hint: &str, input: &str, wrong: Option<&str>) -> String {
    let (error, invalid, describes) = complaint(name, wrong);
    let focus = if wrong.is_some() { " autofocus" } else { "" };
    format!(
        "<div class=\"question\"><label for=\"{name}\">{label}</label><span class=\"hint\" id=\"{name}-hint\">{hint}</span>{error}\
         <input id=\"{name}\" name=\"{name}\" {input} autocomplete=\"off\" aria-describedby=\"{name}-hint{describes}\"{invalid}{focus}></div>\n"
    )
}

/// A choice a number; one that may be left out begins left out.
fn scale(asked: &Asked, asks: &str, [low, high]: [&str; 2], wrong: Option<&str>) -> String {
    let Asked { field: name, question, is_required } = *asked;
    let (least, most) = question.range();
    let (error, invalid, describes) = complaint(name, wrong);
    let mut choices = String::new();
    let mut value = least;
    while value <= most {
        let required = if is_required { " required" } else { "" };
        let focus = if wrong.is_some() && value == least { " autofocus" } else { "" };
        choices.push_str(&format!(
            "<label><input type=\"radio\" name=\"{name}\" value=\"{value}\"{required}{focus}>{value}</label>"
        ));
        value += 1.0;
    }
    if !is_required {
        choices.push_str(&format!(
            "<label class=\"out\"><input type=\"radio\" name=\"{name}\" value=\"\" checked>left out</label>"
        ));
    }
    format!(
        "<fieldset class=\"question\" role=\"radiogroup\" aria-describedby=\"{name}-hint{describes}\"{invalid}><legend>{asks}</legend>\
         <span class=\"hint\" id=\"{name}-hint\">{least} is {low}, {most} is {high}.</span>{error}<div class=\"scale\">{choices}</div></fieldset>\n"
    )
}

/// The complaint itself, what marks a field by it, and what ties the field to it.
fn complaint(name: &str, wrong: Option<&str>) -> (String, &'static str, String) {
    let Some(sentence) = wrong else { return (String::new(), "", String::new()) };
    let error = format!("<span class=\"wrong\" id=\"{name}-wrong\">{sentence}</span>");
    (error, " aria-invalid=\"true\"", format!(" {name}-wrong"))
}

fn range(question: Question) -> String {
    let (least, most) = question.range();
    let what = if question.is_whole() { "a whole number" } else { "a number" };
    format!("{what} from {least} to {most}")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const fn words(question: Question) -> Wording {
    let (asks, ends) = match question {
        Question::Score => ("How likely are you to recommend working here?", Some(["not at all", "certainly"])),
        Question::Rating => ("How satisfied are you with your work?", Some(["not at all", "very"])),
        Question::Burnout => ("I feel burned out from my work.", Some(["no, not at all", "yes, very much"])),
        Question::FlowDays => ("On how many days of a week could you work in a state of flow?", None),
        Question::ValuablePercent => ("How much of your time went into valuable work, in per cent?", None),
        Question::CognitiveLoad => ("How heavy was the cognitive load?", Some(["light", "overwhelming"])),
        Question::ContextSwitches => ("How often a day did you have to switch context?", None),
        Question::ConstructiveFeedback => {
            ("The review feedback I got was constructive.", Some(["no, not at all", "yes, very much"]))
        }
    };
    Wording { asks, ends }
}
