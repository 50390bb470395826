//! Pages of a list and the `Link` header, which leaves the request's path for `/repositories/{id}` as the real one does.

use super::route::Query;

const DEFAULT_PER_PAGE: usize = 30;
const MOST_PER_PAGE: usize = 100;

pub(super) struct Page<'a, T> {
    pub(super) items: &'a [T],
    pub(super) link: Option<String>,
}

/// `path` is where the list is found by id, from the base on.
pub(super) fn page<'a, T>(all: &'a [T], query: &Query, url: &str) -> Page<'a, T> {
    let per_page = number(query.get("per_page")).map_or(DEFAULT_PER_PAGE, |per_page| per_page.min(MOST_PER_PAGE));
    page_of(all, per_page, query, url)
}

pub(super) fn page_of<'a, T>(all: &'a [T], per_page: usize, query: &Query, url: &str) -> Page<'a, T> {
    let page = number(query.get("page")).unwrap_or(1);
    let last = all.len().div_ceil(per_page).max(1);
    let from = page.saturating_sub(1).saturating_mul(per_page).min(all.len());
    let to = from.saturating_add(per_page).min(all.len());

    let parameters = query.without_page();
    let to_page = |number: usize, relation: &str| format!("<{url}?{parameters}page={number}>; rel=\"{relation}\"");
    let mut links = Vec::new();
    if page > 1 {
        links.push(to_page(page.min(last + 1) - 1, "prev"));
    }
    if page < last {
        links.push(to_page(page + 1, "next"));
        links.push(to_page(last, "last"));
    }
    if page > 1 {
        links.push(to_page(1, "first"));
    }
    Page { items: &all[from..to], link: (!links.is_empty()).then(|| links.join(", ")) }
}

/// GitHub ignores what is not a positive number.
fn number(text: Option<&str>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::super::route::Route;
    use super::*;

    fn links(query: &str) -> (usize, String) {
        let route = Route::of("/repos/acme/api/pulls").unwrap();
        let all: Vec<usize> = (0..25).collect();
        let query = Query::of(&route, query).unwrap();
        let page = page(&all, &query, "U");
        (page.items.len(), page.link.unwrap_or_default())
    }

    #[test]
    fn links_lead_from_the_first_to_the_last_page() {
        assert_eq!(links(""), (25, String::new()));
        assert_eq!(
            links("per_page=10"),
            (10, r#"<U?per_page=10&page=2>; rel="next", <U?per_page=10&page=3>; rel="last""#.to_owned())
        );
        assert_eq!(
            links("per_page=10&page=2"),
            (
                10,
                concat!(
                    r#"<U?per_page=10&page=1>; rel="prev", <U?per_page=10&page=3>; rel="next", "#,
                    r#"<U?per_page=10&page=3>; rel="last", <U?per_page=10&page=1>; rel="first""#
                )
                .to_owned()
            )
        );
        assert_eq!(links("per_page=10&page=3").0, 5);
        assert_eq!(
            links("per_page=10&page=9"),
            (0, r#"<U?per_page=10&page=3>; rel="prev", <U?per_page=10&page=1>; rel="first""#.to_owned())
        );
        assert_eq!(links("per_page=500").0, 25);
    }
}
