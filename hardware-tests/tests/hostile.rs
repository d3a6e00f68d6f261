//! Chips that answer out of malice, in every step of a login.

use anyhow::Result;
use hardware_tests::hostile::{Step, try_step};
use hardware_tests::office::Office;
use std::collections::BTreeSet;

/// 100 malformed answers in each step (1000 with RDA_LONG): each is refused in its layer and with a code that fits, and
/// nothing panics. Changes of what means nothing are not among them, and what means nothing is judged by what was changed.
#[test]
fn malformed_answers_are_refused_in_every_step() -> Result<()> {
    let count = match std::env::var_os("RDA_LONG") {
        Some(_) => 1000,
        None => 100,
    };
    let office = Office::open()?;
    let tallies: Vec<_> = std::thread::scope(|scope| {
        // Two halves, of which each has steps of all kinds.
        let half = |odd: usize| {
            let office = &office;
            scope.spawn(move || {
                let steps = Step::ALL.into_iter().skip(odd).step_by(2);
                steps
                    .map(|step| Ok((step, try_step(office, step, count)?)))
                    .collect::<Result<Vec<_>>>()
            })
        };
        let halves = [half(0), half(1)];
        halves.map(|half| half.join())
    })
    .into_iter()
    .map(|half| half.map_err(|_| anyhow::anyhow!("a chip made the test panic")))
    .collect::<Result<Result<Vec<_>>>>()??
    .into_iter()
    .flatten()
    .collect();

    let (mut codes, mut wrong, mut refused, mut formed) = (BTreeSet::new(), Vec::new(), 0, 0);
    for (step, tally) in tallies {
        println!(
            "{step:?}: {} refused, {} of them well-formed up to the change; {} without meaning",
            tally.refused, tally.well_formed, tally.harmless
        );
        for ((layer, code), times) in &tally.refusals {
            println!("    {times:>4} × {layer} {code}");
            codes.insert(*code);
        }
        assert!(
            tally.well_formed * 10 >= tally.refused * 8,
            "{step:?}: {} of {} were well-formed",
            tally.well_formed,
            tally.refused
        );
        refused += tally.refused;
        formed += tally.well_formed;
        wrong.extend(tally.wrong);
    }
    println!(
        "{refused} malformed answers refused, {formed} well-formed up to the change, {} distinct codes: {}",
        codes.len(),
        codes.iter().copied().collect::<Vec<_>>().join(" ")
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
