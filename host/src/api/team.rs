//! `/api/v1/teams`: whom questions can be asked about, and for which weeks.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::schema::NotModified;
use super::shelf::Page;
use super::space::{JSON, json};
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::Cell;

/// Everything that `team` takes.
#[derive(Serialize, ToSchema)]
pub(super) struct Teams {
    /// Configured teams, pools of small ones, and `unassigned`.
    teams: Vec<Cell>,
}

/// The teams
///
/// With the weeks that were released of them, and without how large they are. A team of fewer than five people is told of in its pool.
#[utoipa::path(
    get, path = "/api/v1/teams", operation_id = "get_teams", tag = "metrics",
    responses((status = 200, description = "The teams.", body = Teams), NotModified),
)]
pub(super) async fn teams(State(desk): State<Desk>, known: Known) -> Result<Response, Problem> {
    let snapshot = desk.shelf.snapshot()?;
    known.or_give(snapshot.tag(&Page::Teams), JSON, || {
        snapshot.rendered(Page::Teams, |answers| Ok(json(&Teams { teams: answers.teams() })))
    })
}
