//! The forms of what is answered, made from the catalogue: no name of a field, a reason or a code is written here.

use std::collections::BTreeMap;

use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Response, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::problem::Code;
use super::request::LONGEST_REQUEST_ID;
use crate::metrics::{Detail, Form, Meaning, TimeRange, Window};
use crate::model::{Dimension, Metric, Withheld};

type Schemas = Vec<(String, RefOr<Schema>)>;

macro_rules! dimensions {
    ($($dimension:ident),+) => {
        $(pub(super) struct $dimension;

        impl PartialSchema for $dimension {
            fn schema() -> RefOr<Schema> {
                answer(Dimension::$dimension)
            }
        }

        impl ToSchema for $dimension {
            fn schemas(schemas: &mut Schemas) {
                schemas.push((Window::name().into_owned(), Window::schema()));
                schemas.push((Reason::name().into_owned(), Reason::schema()));
                schemas.push((Detail::name().into_owned(), Detail::schema()));
            }
        })+

        /// Which one the path tells; no two share a field.
        pub(super) struct AnyDimension;

        impl PartialSchema for AnyDimension {
            fn schema() -> RefOr<Schema> {
                let any = OneOfBuilder::new().description(Some("The dimension that the path names."));
                Schema::from(any$(.item(Ref::from_schema_name(stringify!($dimension))))+.build()).into()
            }
        }

        impl ToSchema for AnyDimension {
            fn schemas(schemas: &mut Schemas) {
                $(schemas.push((stringify!($dimension).to_owned(), $dimension::schema()));
                $dimension::schemas(schemas);)+
            }
        }

        /// Of the dimension that the path names.
        pub(super) struct AnyPoint;

        impl PartialSchema for AnyPoint {
            fn schema() -> RefOr<Schema> {
                let any = OneOfBuilder::new().description(Some("A span, with the fields of the dimension that the path names."));
                Schema::from(any$(.item(Ref::from_schema_name(concat!(stringify!($dimension), "Point"))))+.build()).into()
            }
        }

        impl ToSchema for AnyPoint {
            fn schemas(schemas: &mut Schemas) {
                $(schemas.push((concat!(stringify!($dimension), "Point").to_owned(), point(Dimension::$dimension)));)+
            }
        }
    };
}

dimensions!(Satisfaction, Performance, Activity, Communication, Efficiency);

/// Its metrics, each a number or null, then the window, and why what is null is so.
fn answer(dimension: Dimension) -> RefOr<Schema> {
    let mut answer = ObjectBuilder::new();
    let mut details = ObjectBuilder::new()
        .description(Some("What a figure rests on: there for exactly the fields that are not null."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let mut withheld = ObjectBuilder::new()
        .description(Some("Why a field is null: there for exactly those that are."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for metric in dimension.metrics() {
        answer = answer.property(metric.as_str(), figure(*metric)).required(metric.as_str());
        withheld = withheld.property(metric.as_str(), Ref::from_schema_name(Reason::name()));
        details = details.property(metric.as_str(), Ref::from_schema_name(Detail::name()));
    }
    answer
        .property("window", Ref::from_schema_name(Window::name()))
        .required("window")
        .property("withheld", withheld)
        .required("withheld")
        .property("details", details)
        .required("details")
        .build()
        .into()
}

/// A span and its figures; null is a gap.
fn point(dimension: Dimension) -> RefOr<Schema> {
    let date = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some(description))
    };
    let mut point = ObjectBuilder::new()
        .property("from", date("The first day."))
        .required("from")
        .property("to", date("The day after the last."))
        .required("to");
    for metric in dimension.metrics() {
        point = point.property(metric.as_str(), figure(*metric)).required(metric.as_str());
    }
    point.build().into()
}

fn figure(metric: Metric) -> Object {
    let Meaning { text, unit, form, least, most, .. } = Meaning::of(metric);
    let form = match form {
        Form::Whole => Type::Integer,
        Form::Decimal => Type::Number,
    };
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![form, Type::Null]))
        .description(Some(format!("{text}. Unit: {unit}.")))
        .minimum(Some(f64::from(least)))
        .maximum(most.map(f64::from))
        .build()
}

fn reasons(reasons: &[Withheld]) -> Object {
    let told = reasons.iter().map(|reason| (reason.as_str(), reason.meaning()));
    one_of("Why it is null", told)
}

/// A text out of a closed list, each with what it means.
fn one_of(what: &str, values: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> Object {
    let meanings: Vec<String> = values.clone().map(|(value, meaning)| format!("`{value}`: {meaning}")).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("{what}. {}", meanings.join(" · "))))
        .enum_values(Some(values.map(|(value, _)| value)))
        .build()
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident => $schema:expr;)+) => {
        $($(#[doc = $doc])*
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                Schema::from($schema).into()
            }
        }

        impl ToSchema for $name {})+
    };
}

texts! {
    Reason => reasons(&Withheld::OF_METRICS);
    ProblemCode => one_of(
        "What went wrong: a code never changes its meaning",
        Code::ALL.iter().map(|code| (code.as_str(), code.meaning())),
    );
    RequestIdText => ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The client's own `X-Request-Id` if it has this form, else a new one."))
        .pattern(Some(format!("^[A-Za-z0-9._-]{{1,{LONGEST_REQUEST_ID}}}$")));
    TimeRangeName => ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("As it was asked; `{}` for dates.", TimeRange::CUSTOM)))
        .enum_values(Some(TimeRange::NAMES.into_iter().chain([TimeRange::CUSTOM])));
    WithheldScore => ObjectBuilder::new()
        .description(Some("Why `health_score` is null."))
        .property("health_score", reasons(&[Withheld::InsufficientData]));
}

/// 304; whoever may give it also gives an `ETag` with 200.
pub(super) struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new().description("What `If-None-Match` names still holds.");
        BTreeMap::from([("304".to_owned(), RefOr::T(response.build()))])
    }
}
