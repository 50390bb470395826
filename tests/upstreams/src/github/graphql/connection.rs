//! Pages of a list by opaque cursor: it names the place in the order, so that a page goes on there whatever moved meanwhile.

use super::query::Field;

const MOST_ITEMS: u64 = 100;

/// Where an item stands in its list; the list is sorted by it, downwards or upwards.
pub(super) type Place = (i64, u64);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Rising,
    Falling,
}

pub(super) struct Slice<T> {
    pub(super) items: Vec<(String, T)>,
    pub(super) total: usize,
    pub(super) has_next: bool,
    pub(super) has_previous: bool,
}

/// # Errors
/// What is wrong with the arguments, as the real service would say it.
pub(super) fn slice<T>(mut all: Vec<(Place, T)>, order: Order, field: &Field) -> Result<Slice<T>, String> {
    all.sort_by_key(|(place, _)| *place);
    if order == Order::Falling {
        all.reverse();
    }
    let total = all.len();
    let after = match field.text("after") {
        Some(cursor) => Some(place(cursor).ok_or_else(|| format!("`{cursor}` does not appear to be a valid cursor."))?),
        None => None,
    };
    let is_behind = |place: Place, after: Place| if order == Order::Rising { place > after } else { place < after };
    let mut rest: Vec<(Place, T)> =
        all.into_iter().filter(|(place, _)| after.is_none_or(|after| is_behind(*place, after))).collect();
    let skipped = total - rest.len();
    let (from, to) = match (field.number("first"), field.number("last")) {
        (Some(first), None) => (0, within(first, "first")?.min(rest.len())),
        (None, Some(last)) => (rest.len().saturating_sub(within(last, "last")?), rest.len()),
        (None, None) => return Err("You must provide a `first` or `last` value to properly paginate.".to_owned()),
        (Some(_), Some(_)) => return Err("Passing both `first` and `last` is not supported.".to_owned()),
    };
    let has_next = to < rest.len();
    let items = rest.drain(from..to).map(|(place, item)| (cursor(place), item)).collect();
    Ok(Slice { items, total, has_next, has_previous: from + skipped > 0 })
}

fn within(items: u64, argument: &str) -> Result<usize, String> {
    usize::try_from(items).ok().filter(|_| (1..=MOST_ITEMS).contains(&items)).ok_or_else(|| {
        format!("Requesting {items} records on the connection exceeds the `{argument}` limit of {MOST_ITEMS} records.")
    })
}

/// Sixteen digits for each half.
fn cursor((at, id): Place) -> String {
    format!("{at:016x}{id:016x}")
}

fn place(cursor: &str) -> Option<Place> {
    let (at, id) = cursor.split_at_checked(16)?;
    Some((i64::from_str_radix(at, 16).ok()?, u64::from_str_radix(id, 16).ok()?))
}
