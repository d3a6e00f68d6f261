//! The page "What this library supports": the tests that count something hold their figure against its row there.

use std::path::Path;

/// Asserts that docs/supports.md says `figure` of `what`. With `RDA_BLESS` set it is written there instead.
pub(crate) fn supports(what: &str, figure: impl std::fmt::Display) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/supports.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let start = format!("| {what} | ");
    let row = text
        .lines()
        .find(|line| line.starts_with(&start))
        .unwrap_or_else(|| panic!("docs/supports.md has no row {what:?}"));
    let (said, rest) = row[start.len()..].split_once(" |").unwrap();
    if said == figure.to_string() {
        return;
    }
    assert!(
        std::env::var_os("RDA_BLESS").is_some(),
        "docs/supports.md says {said} of {what:?}, and it is {figure}: run the test with RDA_BLESS=1"
    );
    let new = format!("{start}{figure} |{rest}");
    std::fs::write(&page, text.replace(row, &new)).unwrap();
}
