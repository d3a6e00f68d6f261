//! The small corpora of the fuzz targets, replayed without a fuzzer: what once was found stays mended.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "a library elsewhere")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn small_corpora_are_taken() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let folder = corpus.join(name);
        let inputs = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect::<Vec<_>>();
        assert!(!inputs.is_empty(), "{} is empty", folder.display());
        for input in &inputs {
            target(input);
            // What a torn link would have left of it.
            target(&input[..input.len() / 2]);
        }
        println!("{name}: {} inputs", inputs.len());
    }
}
