//! What a login gives the login server, and what it lets the server send.

use icao::lds::sod::{HashMatch, Sod};
use icao::lds::{DataGroup, FileId};
use icao::simulator::Profile;
use protocol::chip_authentication;
use protocol::encoding::Octets;
use protocol::error::Code;
use protocol::messages::Step;
use serde_json::json;

use super::support::{DG1, Login, answers, claims, lay};

#[test]
fn genuine_documents_prove_themselves_to_the_server() {
    for profile in [
        Profile::NlId2014,
        Profile::NlPassport2024,
        Profile::PaceP256,
    ] {
        let mut login = Login::start(claims(profile), vec![lay(profile)]);
        let (evidence, sealed) = login.evidence();
        assert!(
            evidence.identity_file.is_none(),
            "the server reads it itself"
        );
        assert!(
            login.check_signature(&evidence, profile),
            "{}",
            profile.name()
        );
        let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
        login.handle.send(command).unwrap();
        let result = login.result();
        let dg1 = remote.file(&answers(&result)).unwrap();
        let sod = Sod::parse(evidence.sod.as_slice()).unwrap();
        assert_eq!(
            sod.security_object().verify(DataGroup::DG1, &dg1),
            HashMatch::Equal
        );
        let mut steps: Vec<Step> = login.finish().into_iter().map(|(step, _)| step).collect();
        steps.dedup();
        assert_eq!(
            steps,
            [
                Step::WaitingForReader,
                Step::Opening,
                Step::Reading,
                Step::Proving,
                Step::WaitingForServer,
                Step::Confirming,
                Step::Done
            ]
        );
    }
}

#[test]
fn a_clone_proves_nothing() {
    let profile = Profile::Clone;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, sealed) = login.evidence();
    assert!(!login.check_signature(&evidence, profile));
    let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
    login.handle.send(command).unwrap();
    assert!(remote.file(&answers(&login.result())).is_err());
}

#[test]
fn without_chip_authentication_the_identity_file_is_read_only_if_the_request_says_so() {
    let profile = Profile::NlPassport2011;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, _) = login.evidence();
    let sod = Sod::parse(evidence.sod.as_slice()).unwrap();
    let dg1 = evidence.identity_file.as_ref().unwrap().as_slice();
    assert_eq!(
        sod.security_object().verify(DataGroup::DG1, dg1),
        HashMatch::Equal
    );
    assert!(login.check_signature(&evidence, profile));
    login.finish();

    let mut unwilling = claims(profile);
    unwilling["read"] = json!([]);
    assert_eq!(
        Login::start(unwilling, vec![lay(profile)]).error(),
        Code::IdentityFileNotAllowed
    );
}

#[test]
fn commands_that_do_not_belong_to_the_document_never_reach_it() {
    let profile = Profile::NlPassport2024;
    let dg2 = FileId::data_group(DataGroup::DG2);
    type Change = fn(&mut chip_authentication::Claims);
    let cases: [(&str, FileId, Change, Code); 6] = [
        ("another file", dg2, |_| {}, Code::CommandForbidden),
        (
            "a command in clear",
            DG1,
            |claims| {
                claims.commands = vec![Octets::new(vec![0x00, 0xB0, 0x81, 0x00, 0x00]).unwrap()]
            },
            Code::CommandForbidden,
        ),
        (
            "something else than reading",
            DG1,
            |claims| {
                let mut command = claims.commands[0].as_slice().to_vec();
                command[1] = 0xD6;
                claims.commands = vec![Octets::new(command).unwrap()];
            },
            Code::CommandForbidden,
        ),
        (
            "another protocol",
            DG1,
            |claims| claims.oid = "0.4.0.127.0.7.2.2.3.2.2".to_owned().try_into().unwrap(),
            Code::ChipAuthenticationMismatch,
        ),
        (
            "another key of the chip",
            DG1,
            |claims| claims.key_id = Some(7),
            Code::ChipAuthenticationMismatch,
        ),
        (
            "a point off the curve",
            DG1,
            |claims| {
                let mut point = claims.public_key.as_slice().to_vec();
                *point.last_mut().unwrap() ^= 1;
                claims.public_key = Octets::new(point).unwrap();
            },
            Code::ChipAuthenticationMismatch,
        ),
    ];
    for (name, file, change, code) in cases {
        let mut login = Login::start(claims(profile), vec![lay(profile)]);
        let (evidence, sealed) = login.evidence();
        let (_, command) = login.command(&evidence, &sealed, file, change);
        let before = login.cards.sent();
        login.handle.send(command).unwrap();
        assert_eq!(login.error(), code, "{name}");
        assert_eq!(login.cards.sent(), before, "{name}");
    }
}
