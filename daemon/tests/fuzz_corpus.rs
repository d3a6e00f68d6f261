//! The small corpora of the fuzz targets of messages and sockets, replayed without a fuzzer.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "a library elsewhere")]
#[path = "../../fuzz/src/messages.rs"]
mod messages;

#[test]
fn small_corpora_are_taken() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in messages::TARGETS {
        let folder = corpus.join(name);
        let inputs: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        assert!(!inputs.is_empty(), "{} is empty", folder.display());
        for input in &inputs {
            target(input);
            target(&input[..input.len() / 2]);
            for at in 0..input.len().min(512) {
                let mut changed = input.clone();
                changed[at] ^= 0x41;
                target(&changed);
            }
        }
    }
}
