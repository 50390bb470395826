//! The forms of what is submitted, made from the instruments: no question is written here.

use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::body::{LONGEST_TITLE, REPORT, SEVERITIES, TOKEN};
use super::form;
use crate::model::{Asked, Instrument};

macro_rules! bodies {
    ($($name:ident => $schema:expr;)+) => {
        $(pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                Schema::from($schema.build()).into()
            }
        }

        impl ToSchema for $name {})+
    };
}

bodies! {
    PulseAnswer => answers(Instrument::Pulse).property(
        "friction_experienced",
        ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Taken from clients of the original service; no figure rests on it.")),
    );
    NpsAnswer => answers(Instrument::Nps);
    AnnualAnswer => answers(Instrument::Annual);
    FrictionReport => report();
}

fn answers(instrument: Instrument) -> ObjectBuilder {
    let answer = instrument.asks().iter().fold(ObjectBuilder::new(), |answer, asked| {
        let answer = answer.property(asked.field, figure(asked));
        if asked.is_required { answer.required(asked.field) } else { answer }
    });
    closed(answer)
}

fn figure(asked: &Asked) -> Object {
    let (least, most) = asked.question.range();
    let kind = if asked.question.is_whole() { Type::Integer } else { Type::Number };
    ObjectBuilder::new()
        .schema_type(kind)
        .description(Some(form::wording(asked.question)))
        .minimum(Some(least))
        .maximum(Some(most))
        .build()
}

fn report() -> ObjectBuilder {
    let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    let [title, description, severity, category, _] = REPORT;
    let report = ObjectBuilder::new()
        .property(title, text("Read by nobody and dropped.").min_length(Some(1)).max_length(Some(LONGEST_TITLE)))
        .required(title)
        .property(description, text("Read by nobody and dropped."))
        .required(description)
        .property(severity, text("How much it was in the way.").enum_values(Some(SEVERITIES)))
        .required(severity)
        .property(category, text("One of the configured categories; any other counts as `other`."));
    closed(report)
}

fn closed(body: ObjectBuilder) -> ObjectBuilder {
    let token = ObjectBuilder::new().schema_type(Type::String).description(Some(
        "A one-time token, where no client vouches: as `quintant survey tokens` printed it, in any case.",
    ));
    body.property(TOKEN, token).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}
