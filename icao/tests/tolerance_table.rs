//! The table of tolerances in the documentation says what the code does.
#![allow(clippy::unwrap_used, clippy::panic)]

use icao::pki::Policy;
use icao::tolerance::{Tolerance, Tolerances};

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/passive-authentication.md"
);
const BEGIN: &str =
    "<!-- tolerances: made by `RDA_WRITE=1 cargo test -p icao --test tolerance_table` -->\n";
const END: &str = "<!-- end of tolerances -->";

fn table() -> String {
    let field = Policy::field();
    let inspection = Policy::inspection();
    let strict = Policy::strict();
    let mut table =
        String::from("| name | what | field | inspection | strict |\n|---|---|---|---|---|\n");
    for tolerance in Tolerance::ALL {
        let mut met = Tolerances::new();
        met.record(*tolerance);
        let says = |policy: &Policy| match policy.first_not_tolerated(&met) {
            None => "noted",
            Some(_) => "refused",
        };
        table.push_str(&format!(
            "| `{tolerance}` | {} | {} | {} | {} |\n",
            tolerance.description().trim(),
            says(&field),
            says(&inspection),
            says(&strict)
        ));
    }
    table
}

#[test]
fn documented_tolerances_are_those_of_the_code() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (documented, after) = rest.split_once(END).unwrap();
    if std::env::var_os("RDA_WRITE").is_some() {
        std::fs::write(PAGE, [before, BEGIN, &table(), END, after].concat()).unwrap();
        return;
    }
    assert!(
        documented == table(),
        "the table in docs/passive-authentication.md is not the one of the code; write it with RDA_WRITE=1"
    );
}

#[test]
fn every_tolerance_has_a_name_of_its_own_and_is_refused_strictly() {
    let mut names: Vec<_> = Tolerance::ALL
        .iter()
        .map(|tolerance| tolerance.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Tolerance::ALL.len());
    let plain = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    assert!(names.iter().all(|name| plain(name)));
    assert!(Policy::strict().tolerated.is_empty());
}
