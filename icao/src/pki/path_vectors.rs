//! The certification path vectors of the BSI (as randombit/botan ships them), judged by what Doc 9303-12 says: a CSCA signs
//! document signers, and there is nothing between them. The vectors all have a subordinate authority there; it is taken in
//! as what comes nearest, a link certificate that the anchor vouches for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::encoding::objects;
use super::policy::Revocation;
use super::*;
use crate::corpus;
use crate::passive_authentication::{CheckOutcome, verify_signer};

/// A moment at which the vectors that are valid are.
const TIME: (i64, u8, u8) = (2017, 8, 1);

/// Where the verdict of the strict policy differs from the expected one, and why that is right here: the clause of RFC 5280
/// that the vector rests on, and what Doc 9303-12 (clause 7, the profile of certificates) makes of it.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "CRL_15",
        "RFC 5280 6.1.3 (a)(3) asks for the revocation of every certificate of the path, and the list lacks for the authority \
         only: a link certificate, once taken in, is an anchor that its predecessor can take back, and of anchors (6.1.1 (d)) \
         no list has to speak",
    ),
    (
        "common_12",
        "RFC 5280 A.1 bounds a common name at 64 characters (ub-common-name); names are compared here, and nothing else, so \
         that one that is too long decides nothing",
    ),
    (
        "common_13",
        "RFC 5280 6.1.3 (a)(2) wants each certificate valid now, and they are; here the self-issued certificate begins after \
         the target, which strictly is issued outside its issuer's period; the field policy passes it by that name",
    ),
    (
        "ext_03",
        "RFC 5280 6.1.4 (n) looks at the key usage if there is one; Doc 9303-12 demands it of a document signer, and the \
         target has none; the field policy passes it by that name",
    ),
    (
        "ext_08",
        "RFC 5280 6.1.4 (l) and (m) count the authorities one below the other, of which each is a link certificate here, an \
         anchor once taken in: Doc 9303-12 gives every CSCA, link or not, the path length 0 (4.2.1.9), so that it speaks of \
         document signers only",
    ),
    (
        "ext_09",
        "RFC 5280 4.2.1.1 demands the authority key identifier of who issues, and leaves it to who verifies; Doc 9303-12 \
         demands it too, and the target has none; the field policy passes it by that name",
    ),
    (
        "ext_12",
        "RFC 5280 4.2.1.4 forbids the same certificate policy twice; policies decide nothing in Doc 9303-12 and are not read",
    ),
];

/// Deleted when dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unpack(archive: &Path) -> Option<Folder> {
    let folder = std::env::temp_dir().join(format!("rda-path-vectors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let folder = Folder(folder);
    let tar = Command::new("tar")
        .arg("-xJf")
        .arg(archive)
        .arg("-C")
        .arg(&folder.0)
        .status();
    match tar {
        Ok(status) if status.success() => Some(folder),
        other => {
            assert!(
                std::env::var_os("CI").is_none(),
                "tar cannot unpack the vectors: {other:?}"
            );
            println!("SKIPPED: path vectors (no tar that unpacks xz: {other:?})");
            None
        }
    }
}

fn read(path: &Path) -> Vec<Vec<u8>> {
    objects(&std::fs::read(path).unwrap())
        .filter_map(Result::ok)
        .collect()
}

/// The files of a case whose names end so.
fn files(case: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = [case.to_owned(), case.join("crls")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

/// `passed`, or why not.
fn judge(case: &Path, policy: Policy) -> String {
    let kind = DocumentKind::TravelDocument;
    let state = IssuingState::parse("DE").unwrap();
    let time = UnixTime::from_date(TIME.0, TIME.1, TIME.2).unwrap();
    let mut store = CscaStore::new();
    let mut notes = Vec::new();
    for anchor in files(case, ".TA.pem.crt")
        .iter()
        .flat_map(|file| read(file))
    {
        if let Err(error) = store.add(kind, state, &anchor) {
            notes.push(format!("anchor: {error}"));
        }
    }
    // Links vouch for links, in whatever order they come.
    let mut links: Vec<_> = files(case, ".ca.pem.crt")
        .iter()
        .flat_map(|file| read(file))
        .collect();
    loop {
        let before = links.len();
        links.retain(|link| store.add_link(kind, state, link).is_err());
        if links.len() == before {
            break;
        }
    }
    for link in &links {
        let error = store.add_link(kind, state, link).unwrap_err();
        notes.push(format!("authority: {error}"));
    }
    for list in files(case, ".pem.crl").iter().flat_map(|file| read(file)) {
        if let Err(error) = store.add_revocation_list(kind, state, &list) {
            notes.push(format!("list: {error}"));
        }
    }
    let target = files(case, ".TC.pem.crt");
    let outcome = match Certificate::parse(&read(&target[0])[0]) {
        Err(error) => format!("malformed: {error}"),
        Ok(signer) => {
            let verdict = verify_signer(&signer, None, &store, kind, "DE", time, &policy);
            match verdict.outcome() {
                CheckOutcome::Passed => return "passed".to_owned(),
                CheckOutcome::Failed(failure) => failure.to_string(),
                other => other.name().to_owned(),
            }
        }
    };
    notes.insert(0, outcome);
    notes.join("; ")
}

#[test]
fn path_vectors_of_the_bsi() {
    let Some(corpus) = corpus::open("path vectors of the BSI") else {
        return;
    };
    let Some(folder) = unpack(&corpus.path("path-validation/bsi-certpath.tar.xz")) else {
        return;
    };
    let root = folder.0.join("bsi");
    let expected: BTreeMap<String, String> = std::fs::read_to_string(root.join("expected.txt"))
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once('$'))
        .map(|(case, status)| (case.to_owned(), status.to_owned()))
        .collect();
    let mut unexplained = Vec::new();
    let mut explained = 0;
    println!("case | expected | strict policy | field policy | explanation");
    for (case, status) in &expected {
        // A chain without lists is judged without, as the vectors want it.
        let revocation = if case.contains("CRL") {
            Revocation::Required
        } else {
            Revocation::IfAvailable
        };
        let [got, field] = [Policy::strict(), Policy::field()].map(|policy| {
            judge(
                &root.join(case),
                Policy {
                    revocation,
                    ..policy
                },
            )
        });
        let same = (status == "Verified") == (got == "passed");
        let why = EXPLAINED
            .iter()
            .find(|(known, _)| known == case)
            .map_or("", |(_, why)| why);
        println!("{case} | {status} | {got} | {field} | {why}");
        match (same, why.is_empty()) {
            (false, true) => unexplained.push(case.clone()),
            (false, false) => explained += 1,
            (true, false) => unexplained.push(format!("{case} (explained, and no difference)")),
            (true, true) => {}
        }
    }
    println!(
        "{} vectors, {explained} explained differences",
        expected.len()
    );
    assert_eq!(expected.len(), 54);
    assert!(unexplained.is_empty(), "{unexplained:?}");
}
