//! `rda-login trust`, as an operator runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use icao::crypto::curve::NamedCurve;
use icao::crypto::hash::HashAlgorithm;
use icao::pki::{Certificate, Fingerprint};
use icao::simulator::{Csca, CurveForm, IssuerKey, Subject};
use serde_json::Value;
use tempfile::TempDir;

/// A revocation list by the simulator's CSCA of passports.
const REVOCATION_LIST: &[u8] = include_bytes!("fixtures/revoked-passport-signer-2011.crl");

/// A time within the validity of all that is made here.
const AT: &str = "2026-09-01";

fn key(label: &str) -> IssuerKey {
    let curve = NamedCurve::BrainpoolP256r1;
    IssuerKey::elliptic(label, curve, CurveForm::Explicit, HashAlgorithm::Sha256).unwrap()
}

fn csca(label: &str) -> Csca {
    Csca::new(&Subject::new(1, label), key(label)).unwrap()
}

fn signer(csca: &Csca, serial: u32) -> Vec<u8> {
    let subject = Subject::new(serial, "Document Signer");
    let signer = csca
        .document_signer(&subject, &["P"], key("signer"))
        .unwrap();
    signer.to_der().unwrap()
}

fn sha256(der: &[u8]) -> String {
    Fingerprint::of(der).to_string()
}

/// A folder in which the tool runs.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rda-login"));
        command.arg("trust").args(arguments);
        command.current_dir(self.0.path()).output().unwrap()
    }

    fn code(&self, arguments: &[&str]) -> i32 {
        self.run(arguments).status.code().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn pem(der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    let base64 = Base64::encode_string(der);
    format!("-----BEGIN CERTIFICATE-----\r\n{base64}\r\n-----END CERTIFICATE-----\r\n")
}

#[test]
fn an_import_waits_for_its_review_and_leaves_a_record() {
    let desk = Desk::new();
    let (one, two) = (
        csca("CSCA one").to_der().unwrap(),
        csca("CSCA two").to_der().unwrap(),
    );
    desk.file("one.cer", &one);
    desk.file("two.pem", pem(&two).as_bytes());
    let import = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "one.cer",
        "--json",
    ];

    let output = desk.run(&import);
    assert_eq!(output.status.code(), Some(3));
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(review["accepted"], false);
    assert_eq!(review["changes"][0]["change"], "new");
    assert_eq!(review["changes"][0]["sha256"], sha256(&one));
    assert_eq!(review["changes"][0]["notes"][0], "self-signed");
    assert!(!desk.path("trust.jsonl").exists());
    assert!(!desk.path("trust.jsonl.log").exists());

    let digest = review["digest"].as_str().unwrap();
    let accept = [&import[..], &["--accept", digest]].concat();
    assert_eq!(desk.json(&accept)["accepted"], true);
    // The digest was for the store as it was: it accepts nothing twice.
    let other = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "two.pem",
        "--accept",
        digest,
    ];
    assert_eq!(desk.code(&other), 1);
    let listed = desk.lines(&["list", "--store", "trust.jsonl", "--json"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["state"], "NLD");

    let yes = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "two.pem",
        "--yes",
    ];
    assert_eq!(desk.code(&yes), 0);
    let log = fs::read_to_string(desk.path("trust.jsonl.log")).unwrap();
    let records: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["accepted_by"], "digest");
    assert_eq!(records[0]["previous"], Value::Null);
    assert_eq!(records[1]["accepted_by"], "yes");
    let first = log.lines().next().unwrap();
    assert_eq!(records[1]["previous"], sha256(first.as_bytes()));

    // What is known already changes nothing and writes nothing.
    assert_eq!(desk.code(&yes), 0);
    assert_eq!(
        fs::read_to_string(desk.path("trust.jsonl.log")).unwrap(),
        log
    );
    let removal = [
        "import",
        "--store",
        "trust.jsonl",
        "--remove",
        &sha256(&one),
        "--yes",
    ];
    assert_eq!(desk.code(&removal), 0);
    let listed = desk.lines(&["list", "--store", "trust.jsonl", "--json"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["sha256"], sha256(&two));
    // Nothing is left of the replacements.
    let left = fs::read_dir(desk.0.path()).unwrap().count();
    assert_eq!(left, 5, "two certificates, store, log and lock");
}

#[test]
fn a_link_needs_a_predecessor_in_the_store() {
    let desk = Desk::new();
    let (old, middle) = (csca("old"), csca("middle"));
    let successor = Subject::new(7, "CSCA");
    let first = old.link(&successor, middle.key()).unwrap();
    let second = middle.link(&successor, csca("new").key()).unwrap();
    desk.file("old.cer", &old.to_der().unwrap());
    // The second comes first: it has to wait for the one that vouches for it.
    desk.file("links.der", &[second, first].concat());
    let links = [
        "import",
        "--store",
        "trust.jsonl",
        "--link",
        "links.der",
        "--yes",
        "--json",
    ];
    let output = desk.run(&links);
    assert_eq!(output.status.code(), Some(1));
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(review["refused"].as_array().unwrap().len(), 2);
    let both = [&links[..], &["--csca", "old.cer"]].concat();
    let review = desk.json(&both);
    assert_eq!(
        (&review["certificates"], &review["accepted"]),
        (&3.into(), &true.into()),
        "{review}"
    );
}

#[test]
fn a_damaged_store_is_refused() {
    let desk = Desk::new();
    desk.file("one.cer", &csca("CSCA one").to_der().unwrap());
    let import = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "one.cer",
        "--yes",
    ];
    assert_eq!(desk.code(&import), 0);
    let good = fs::read_to_string(desk.path("trust.jsonl")).unwrap();
    let broken = [
        String::new(),
        good.replace("\"generation\":1", "\"generation\":-1"),
        good.replace("\"rda_trust_store\":1", "\"rda_trust_store\":2"),
        good.trim_end().to_owned(),
        good.replacen("\"sha256\":\"", "\"sha256\":\"00", 1),
        good.replacen("\"kind\":\"passport\"", "\"kind\":\"visa\"", 1),
        format!("{good}{{}}\n"),
    ];
    for content in broken {
        fs::write(desk.path("trust.jsonl"), &content).unwrap();
        assert_eq!(
            desk.code(&["list", "--store", "trust.jsonl"]),
            1,
            "{content}"
        );
        assert_eq!(desk.code(&import), 1, "{content}");
    }
}

#[test]
fn signers_are_judged_one_line_each_in_whatever_form_they_come() {
    let desk = Desk::new();
    let (csca_one, csca_two) = (csca("CSCA one"), csca("CSCA two"));
    let anchor = csca_one.to_der().unwrap();
    desk.file("csca.cer", &anchor);
    let good: Vec<_> = (10..20).map(|serial| signer(&csca_one, serial)).collect();
    let stranger = signer(&csca_two, 10);
    let check = |signers: &str| {
        desk.lines(&[
            "check",
            "--csca",
            "csca.cer",
            "--signers",
            signers,
            "--at",
            AT,
            "--json",
        ])
    };

    // DER objects one after another, with what tools leave between and behind.
    desk.file(
        "all.der",
        &[
            good.concat(),
            b"\r\n".to_vec(),
            stranger.clone(),
            vec![0; 9],
        ]
        .concat(),
    );
    let lines = check("all.der");
    assert_eq!(lines.len(), 12);
    for (index, (line, der)) in lines.iter().zip(&good).enumerate() {
        assert_eq!(line["sha256"], sha256(der));
        assert_eq!(
            (&line["verdict"], &line["index"]),
            (&"passed".into(), &index.into())
        );
        assert_eq!(line["issuer"], sha256(&anchor));
        assert_eq!(line["tolerances"], Value::Array(Vec::new()));
    }
    assert_eq!(lines[10]["verdict"], "untrusted");
    assert_eq!(lines[10]["reason"], "not-issued");
    assert_eq!(lines[10]["issuer"], Value::Null);
    let summary = &lines[11]["summary"];
    assert_eq!(
        (&summary["signers"], &summary["passed"]),
        (&11.into(), &10.into())
    );
    assert_eq!(
        (&summary["chained"], &summary["untrusted"]),
        (&10.into(), &1.into())
    );

    // PEM with words, a broken part in the middle, and a folder of both kinds with other files.
    let text = format!(
        "Signers\n{}-----BEGIN X-----\n??\n-----END X-----\n{}",
        pem(&good[0]),
        pem(&good[1])
    );
    desk.file("folder/a.pem", text.as_bytes());
    desk.file("folder/b/c.cer", &good[2]);
    desk.file("folder/README", b"nothing here");
    desk.file("folder/z.bin", &[0xFF, 0x80, 0x00]);
    let verdicts: Vec<_> = check("folder")
        .iter()
        .filter_map(|line| Some(line["verdict"].as_str()?.to_owned()))
        .collect();
    assert_eq!(
        verdicts,
        ["passed", "malformed", "passed", "passed", "malformed"]
    );

    // What is none has a digest too, and what cannot be read takes nothing with it.
    let malformed: Vec<_> = check("folder")
        .iter()
        .filter(|line| line["verdict"] == "malformed")
        .map(|line| line["sha256"].clone())
        .collect();
    assert_eq!(malformed[1], sha256(&[0xFF, 0x80, 0x00]));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", desk.path("folder/dangling")).unwrap();
        std::os::unix::fs::symlink(".", desk.path("folder/b/loop")).unwrap();
        let lines = check("folder");
        assert_eq!(lines.len(), 6);
        let summary = &lines[5]["summary"];
        assert_eq!(summary["unreadable"].as_array().unwrap().len(), 2);
        assert_eq!(summary["empty_files"], 1);
    }

    // A certificate cut short, or with its signature changed.
    let mut changed = good[3].clone();
    *changed.last_mut().unwrap() ^= 1;
    desk.file(
        "odd.der",
        &[&changed[..], &good[4][..good[4].len() - 5]].concat(),
    );
    let lines = check("odd.der");
    assert_eq!(lines[0]["verdict"], "failed");
    assert_eq!(lines[0]["reason"], "issuer-signature");
    assert_eq!(lines[1]["verdict"], "malformed");

    let late = [
        "check",
        "--csca",
        "csca.cer",
        "--signers",
        "all.der",
        "--at",
        "2090-01-01",
        "--json",
    ];
    let lines = desk.lines(&late);
    assert_eq!(lines[0]["reason"], "signer-expired");
    assert_eq!(
        lines[0]["issuer"],
        sha256(&anchor),
        "who issued it, time does not change"
    );
    let issue = [
        "check",
        "--csca",
        "csca.cer",
        "--signers",
        "all.der",
        "--at",
        "issue",
        "--json",
    ];
    assert_eq!(desk.lines(&issue)[0]["verdict"], "passed");
    for nothing in [
        &["check", "--csca", "folder/README", "--signers", "all.der"][..],
        &["check", "--csca", "csca.cer", "--signers", "folder/README"],
        &["check", "--csca", "missing.cer", "--signers", "all.der"],
        &[
            "check",
            "--csca",
            "csca.cer",
            "--signers",
            "all.der",
            "--at",
            "yesterday",
        ],
    ] {
        assert_eq!(desk.code(nothing), 1, "{nothing:?}");
    }
}

#[test]
fn anchors_of_another_kind_vouch_for_nothing() {
    let desk = Desk::new();
    let csca = csca("CSCA one");
    desk.file("csca.cer", &csca.to_der().unwrap());
    desk.file("signer.cer", &signer(&csca, 10));
    let import = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "csca.cer",
        "--kind",
        "driving-licence",
        "--yes",
    ];
    assert_eq!(desk.code(&import), 0);
    let check = |kind: &str| {
        desk.run(&[
            "check",
            "--store",
            "trust.jsonl",
            "--signers",
            "signer.cer",
            "--at",
            AT,
            "--kind",
            kind,
            "--json",
        ])
    };
    let verdict = |output: &Output| {
        let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
        serde_json::from_slice::<Value>(line).unwrap()
    };
    assert_eq!(verdict(&check("driving-licence"))["verdict"], "passed");
    let passport = verdict(&check("passport"));
    assert_eq!(
        (&passport["verdict"], &passport["reason"]),
        (&"failed".into(), &"other-kind".into())
    );
}

#[test]
fn revocation_lists_need_an_anchor_and_never_go_back() {
    let desk = Desk::new();
    desk.file("list.crl", REVOCATION_LIST);
    let mut state_of_list = None;
    for csca in icao::simulator::csca_certificates().unwrap() {
        let certificate = Certificate::parse(&csca.der).unwrap();
        state_of_list = state_of_list.or(certificate.subject().country());
        desk.file(&format!("csca/{}.cer", sha256(&csca.der)), &csca.der);
    }
    let alone = [
        "import",
        "--store",
        "trust.jsonl",
        "--crl",
        "list.crl",
        "--yes",
        "--json",
    ];
    let output = desk.run(&alone);
    assert_eq!(output.status.code(), Some(1), "nobody vouches for the list");
    let both = [
        "import",
        "--store",
        "trust.jsonl",
        "--csca",
        "csca",
        "--crl",
        "list.crl",
        "--yes",
        "--json",
    ];
    let review = desk.json(&both);
    assert_eq!(review["revocation_lists"], 1, "{review}");
    assert_eq!(desk.json(&both)["accepted"], false, "all of it is known");
}

/// The whole of the corpus through the tool.
#[test]
fn real_signers_and_lists() {
    let corpus = std::env::var_os("RDA_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    if !corpus.is_dir() {
        println!(
            "SKIPPED: real signers (no corpus at {}; set RDA_CORPUS)",
            corpus.display()
        );
        return;
    }
    let desk = Desk::new();
    let at = |path: &str| corpus.join(path).display().to_string();
    let (csca, crl, dsc) = (
        at("csca/csca_ml_915.pem"),
        at("crl"),
        at("dsc/dsc_sample.pem"),
    );
    let lines = desk.lines(&[
        "check",
        "--csca",
        &csca,
        "--crl",
        &crl,
        "--signers",
        &dsc,
        "--at",
        AT,
        "--json",
    ]);
    let summary = &lines.last().unwrap()["summary"];
    println!("{summary}");
    assert_eq!(
        (&summary["signers"], &summary["chained"]),
        (&613.into(), &613.into())
    );
    assert_eq!(
        (&summary["anchors"], &summary["revocation_lists"]),
        (&915.into(), &10.into())
    );
    assert_eq!(summary["malformed"], 0);

    let german = at("masterlists/DE_2026-05-28.ml");
    let import = |more: &[&str]| {
        let command = [
            "import",
            "--store",
            "trust.jsonl",
            "--at",
            "2026-06-01",
            "--yes",
            "--json",
        ];
        desk.run(&[&command[..], more].concat())
    };
    // Nobody vouches for its signer yet.
    assert_eq!(import(&["--master-list", &german]).status.code(), Some(1));
    let output = import(&[
        "--master-list",
        &german,
        "--anchor",
        &at("masterlists/DE_ROOT_CSCA07.cer"),
    ]);
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(review["certificates"], 588, "{}", review["refused"]);
    let output = import(&["--csca", &csca, "--crl", &crl]);
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    // One certificate names no state, and is told.
    assert_eq!(review["refused"].as_array().unwrap().len(), 1);
    assert_eq!(review["revocation_lists"], 10);
    assert_eq!(
        desk.code(&["export", "--store", "trust.jsonl", "--to", "all.pem"]),
        0
    );
    let exported = desk.lines(&[
        "check",
        "--csca",
        "all.pem",
        "--signers",
        &dsc,
        "--at",
        "issue",
        "--json",
    ]);
    assert_eq!(exported.last().unwrap()["summary"]["revocation_lists"], 10);
    assert_eq!(
        desk.code(&["export", "--store", "trust.jsonl", "--to", "folder/"]),
        0
    );
    assert!(desk.path("folder/passport/NLD").is_dir());
}
