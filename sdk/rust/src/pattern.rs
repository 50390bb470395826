//! Patterns as operators write them: `*` matches any run of characters, case does not count.

/// True when `name` as a whole fits `pattern`.
///
/// ```
/// use quintant_sdk::pattern::matches;
/// assert!(matches("alerts-*", "Alerts-Payments"));
/// assert!(!matches("alerts", "alerts-payments"));
/// ```
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_match_any_run() {
        for (pattern, name) in [("ci", "CI"), ("*-bot", "deploy-bot"), ("a*b*c", "aXbYc"), ("*", ""), ("a**b", "ab")] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("ci", "ci2"), ("*-bot", "botany"), ("ab*ba", "aba"), ("", "x")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
