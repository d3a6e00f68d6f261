//! Recordings of `rda read`: what is in them, what is not, and what another conversation is held against.
#![cfg(feature = "simulator")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use icao::access_key::AccessKey;
use icao::lds::Application;
use icao::mrz::AccessFields;
use icao::pki::UnixTime;
use icao::pki::csca_store::CscaStore;
use icao::simulator::{Fault, Profile, SimulatedLink};
use icao::transport::{Limits, Transport, TransportError};
use rda::read::{self, Trust};
use rda::reader::recording::{Failure, Recorder, Recording, Replayer, Step};
use rda::reader::{DocumentLink, DocumentSource, ReaderError};

/// One document on a reader.
struct Laid(Option<SimulatedLink>);

struct Link(SimulatedLink);

impl DocumentSource for Laid {
    fn next_document(&mut self) -> Result<Box<dyn DocumentLink>, ReaderError> {
        let link = self.0.take().ok_or(ReaderError::Cancelled)?;
        Ok(Box::new(Link(link)))
    }
}

impl Transport for Link {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.transmit(command)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.0.reset()
    }
    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

impl DocumentLink for Link {
    fn reader_name(&self) -> &str {
        "Specimen Reader (serial 0042) 00 00"
    }
    fn dismiss(&mut self) {}
}

fn read_all(source: &mut dyn DocumentSource, profile: Profile) {
    let holder = profile.holder();
    let fields = AccessFields::new(
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    );
    let trust = Trust {
        anchors: CscaStore::new(),
        time: UnixTime(1_780_272_000),
    };
    let keys = [AccessKey::Mrz(fields.unwrap())];
    read::read(
        source,
        Application::TravelDocument,
        &keys,
        &trust,
        &mut |_| {},
    )
    .unwrap();
}

fn lay(profile: Profile, tear: Option<usize>) -> Box<Laid> {
    let link = SimulatedLink::new(profile.chip(b"chip").unwrap()).with_faults(move |number, _| {
        if Some(number) == tear {
            Fault::Tear
        } else {
            Fault::None
        }
    });
    Box::new(Laid(Some(link)))
}

fn record(profile: Profile, tear: Option<usize>) -> Recording {
    let (mut recorder, tape) = Recorder::new(lay(profile, tear)).unwrap();
    read_all(&mut recorder, profile);
    tape.recording()
}

/// Two recordings of one document differ in every digest: nothing can be tried against them.
#[test]
fn a_recording_holds_nothing_of_document_or_holder() {
    for profile in [Profile::NlPassport2011, Profile::PaceP256] {
        let recordings = [record(profile, None), record(profile, None)];
        let digests = recordings.each_ref().map(|recording| {
            let digests = recording.steps.iter().filter_map(|step| match step {
                Step::Answered { digest, data, .. } if *data > 0 => Some(digest.clone()),
                _ => None,
            });
            digests.collect::<Vec<_>>()
        });
        assert!(digests[0].len() > 10);
        assert!(
            digests[0]
                .iter()
                .zip(&digests[1])
                .all(|(one, other)| one != other)
        );
        // What is left without digests and times, in which chance may write anything.
        let [mut recording, _] = recordings;
        for step in &mut recording.steps {
            if let Step::Answered { digest, ms, .. } = step {
                assert_eq!(digest.len(), 16);
                digest.clear();
                *ms = 0;
            }
        }
        let text = serde_json::to_string(&recording).unwrap().to_uppercase();
        let holder = profile.holder();
        for secret in [
            holder.document_number,
            holder.date_of_birth,
            holder.surname,
            holder.bsn,
            "0042",
        ] {
            let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
            assert!(!text.contains(&secret.to_uppercase()) && !text.contains(&hexadecimal));
        }
    }
}

#[test]
fn a_recorded_failure_happens_again_in_the_same_place() {
    let profile = Profile::PaceP256;
    let recording = record(profile, Some(12));
    let failed = |recording: &Recording| {
        let failures = recording.steps.iter().filter(|step| {
            matches!(
                step,
                Step::Failed {
                    failure: Failure::CardRemoved,
                    ..
                }
            )
        });
        failures.count()
    };
    assert_eq!(failed(&recording), 1);
    // The document itself does not slide this time.
    let steps = recording.steps.len();
    let (mut replayer, comparison) = Replayer::new(lay(profile, None), recording);
    read_all(&mut replayer, profile);
    assert_eq!(comparison.outcome(), (steps, None));
}

#[test]
fn another_course_is_told_with_its_place() {
    let (mut replayer, comparison) = Replayer::new(
        lay(Profile::PaceP256, None),
        record(Profile::NlId2014, None),
    );
    read_all(&mut replayer, Profile::PaceP256);
    let (steps, difference) = comparison.outcome();
    let difference = difference.unwrap();
    assert_eq!(difference.step, steps + 1);
    assert!(difference.recorded.is_some() && difference.happened.is_some());
}

fn rda_read(profile: Profile, arguments: &[&str]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rda"))
        .args(["read", "--simulate", profile.name(), "--access-file", "-"])
        .args(["--at", "2026-06-01"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let holder = profile.holder();
    let access = [
        holder.document_number,
        holder.date_of_birth,
        holder.date_of_expiry,
    ];
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(access.join("\n").as_bytes()).unwrap();
    drop(stdin);
    process.wait_with_output().unwrap()
}

/// The recordings kept in `tests/recordings` are of simulated documents: they must go as they went. After a wanted change,
/// `UPDATE_RECORDINGS=1` makes them anew.
#[test]
fn kept_recordings_go_as_they_went() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    for profile in [
        Profile::NlPassport2011,
        Profile::NlId2014,
        Profile::NlPassport2024,
        Profile::PaceP256,
    ] {
        let path = folder.join(format!("{}.json", profile.name()));
        let name = path.to_str().unwrap();
        if std::env::var_os("UPDATE_RECORDINGS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            assert!(rda_read(profile, &["--record", name]).status.success());
        }
        let output = rda_read(profile, &["--replay", name]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("steps as recorded"), "{said}");
    }
    let other = folder.join("pace-p256.json");
    let output = rda_read(Profile::NlId2014, &["--replay", other.to_str().unwrap()]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "another document goes otherwise"
    );
}
