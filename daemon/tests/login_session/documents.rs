//! Documents that move, are slow, locked, or others than awaited; and people who change their minds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use icao::simulator::{Fault, Profile, Quirk, SimulatedLink};
use icao::tlv;
use icao::transport::TransportError;
use protocol::encoding::encode;
use protocol::error::Code;
use protocol::messages::{Hint, Step};
use rda::session::{FromWorker, ToWorker};
use serde_json::json;

use super::cards::{Cards, Moment};
use super::support::{DG1, Login, answers, claims, lay};

#[test]
fn a_tear_while_the_server_confirms_needs_no_further_round_trip() {
    let profile = Profile::NlPassport2024;
    let mut login = Login::start(claims(profile), vec![lay(profile)]);
    let (evidence, sealed) = login.evidence();
    let before_server = login.cards.sent();
    let (_, command) = login.command(&evidence, &sealed, DG1, |_| {});
    login.handle.send(command).unwrap();
    login.result();
    let whole = login.cards.sent();

    for at in before_server..whole {
        let link = lay(profile).with_faults(move |number, _| {
            if number == at {
                Fault::Tear
            } else {
                Fault::None
            }
        });
        let mut login = Login::start(claims(profile), vec![link]);
        let (evidence, sealed) = login.evidence();
        let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
        login.handle.send(command).unwrap();
        assert!(
            remote.file(&answers(&login.result())).is_ok(),
            "torn at {at}"
        );
        let states = login.finish();
        assert!(
            states.contains(&(Step::Paused, Some(Hint::DocumentMoved))),
            "torn at {at}"
        );
    }
}

#[test]
fn failures_have_the_codes_of_the_taxonomy() {
    let profile = Profile::NlPassport2024;
    let mut wrong = claims(profile);
    wrong["access"] = json!([{"mrz_digest": encode(&[5; 20])}]);
    assert_eq!(
        Login::start(wrong, vec![lay(profile)]).error(),
        Code::AccessDataWrong
    );

    let mut none = claims(profile);
    none["access"] = json!([]);
    assert_eq!(
        Login::start(none, vec![lay(profile)]).error(),
        Code::AccessDataMissing
    );

    let torn = lay(profile).with_faults(
        |number, _| {
            if number > 8 { Fault::Tear } else { Fault::None }
        },
    );
    assert_eq!(
        Login::start(claims(profile), vec![torn]).error(),
        Code::DocumentLost
    );
}

/// One byte at a time, or 64 KiB of nothing at a time: either ends with what one placement of a document may cost.
#[test]
fn a_chip_that_answers_without_end_is_left_after_a_budget() {
    // As in daemon/src/login_session.rs. A terminal without a budget of this program's spends 32 times as much.
    const MOST_APDUS: usize = 1024;
    const MOST_BYTES: usize = 512 * 1024;
    const LONGEST_ANSWER: usize = 65_536;
    let profile = Profile::PaceP256;

    // EF.SOD alone has more bytes than there are commands.
    let endless = tlv::encode(0x77, &[0; 5 * MOST_APDUS]);
    let builder = profile.builder().unwrap().overwrite(0x011D, endless);
    let chip = builder.build().unwrap();
    let stingy = chip.with_hook(|command, protected, response| {
        if protected && command.ins == 0xB0 {
            response.data.truncate(1);
        }
    });
    let mut login = Login::start(claims(profile), vec![SimulatedLink::new(stingy)]);
    assert_eq!(login.error(), Code::DocumentUnreadable);
    assert_eq!(login.cards.sent(), MOST_APDUS);

    // EF.CardAccess is asked for in several ways, which are few enough for the other budget. A chip that has none opens by BAC.
    let answers = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&answers);
    let lavish = lay(profile).with_faults(move |_, command| match command {
        [0x00, 0xB0, ..] => {
            counted.fetch_add(1, Ordering::SeqCst);
            Fault::Answer([vec![0; LONGEST_ANSWER], vec![0x67, 0x00]].concat())
        }
        _ => Fault::None,
    });
    let mut login = Login::start(claims(profile), vec![lavish]);
    assert_eq!(login.error(), Code::DocumentUnreadable);
    assert_eq!(answers.load(Ordering::SeqCst), MOST_BYTES / LONGEST_ANSWER);
}

#[test]
fn another_card_is_set_aside_and_the_wait_goes_on() {
    let profile = Profile::PaceP256;
    let cards = vec![lay(Profile::NlLicence2014), lay(profile)];
    let mut login = Login::start(claims(profile), cards);
    login.evidence();
    assert!(
        login
            .states
            .contains(&(Step::Paused, Some(Hint::OtherDocument)))
    );
}

#[test]
fn a_cancellation_ends_the_wait_at_once() {
    let mut login = Login::start(claims(Profile::PaceP256), Vec::new());
    while !login
        .states
        .iter()
        .any(|(step, _)| *step == Step::WaitingForDocument)
    {
        match login.runtime.block_on(login.handle.receive()) {
            Some(FromWorker::State(state)) => login.states.push((state.state, state.hint)),
            other => panic!("{other:?}"),
        }
    }
    login.handle.send(ToWorker::Cancel).unwrap();
    assert!(
        login.next().is_none(),
        "a cancelled login says nothing more"
    );
    login.worker.take().unwrap().join().unwrap();
}

#[test]
fn a_cancellation_ends_the_talk_with_the_chip() {
    let profile = Profile::PaceP256;
    let cards = Cards::new(
        vec![lay(profile)],
        Some(Moment::Command(|number, _| number == 6)),
    );
    let mut login = Login::start_with(claims(profile), cards);
    login.cards.wait_until_held();
    login.handle.send(ToWorker::Cancel).unwrap();
    login.cards.let_go();
    assert!(
        login.next().is_none(),
        "a cancelled login says nothing more"
    );
    login.worker.take().unwrap().join().unwrap();
    assert_eq!(login.cards.sent(), 6);
}

#[test]
fn further_access_data_are_tried_when_the_document_is_laid_again() {
    for profile in [Profile::PaceP256, Profile::NlPassport2011] {
        let mut several = claims(profile);
        let right = several["access"][0].clone();
        let wrong = |filler: u8| json!({"mrz_digest": encode(&[filler; 20])});
        several["access"] = json!([wrong(5), wrong(6), wrong(7), right]);
        let mut login = Login::start(several, vec![lay(profile), lay(profile)]);
        login.evidence();
        assert!(login.states.contains(&(Step::Paused, Some(Hint::LayAgain))));
        assert!(
            login
                .states
                .iter()
                .all(|(step, _)| *step != Step::WaitingForDocument)
        );
    }
}

/// Five ways not to get in, and five codes for the page: each asks something else of the citizen.
#[test]
fn five_ways_not_to_get_in_have_five_codes() {
    let with_can = |can: &str| {
        let mut claims = claims(Profile::PaceP256);
        claims["access"] = json!([{"can": can}]);
        claims
    };
    let chip = |quirk: Quirk| {
        let builder = Profile::PaceP256.builder().unwrap().quirk(quirk);
        SimulatedLink::new(builder.build().unwrap())
    };
    let outcome = |claims, card| Login::start(claims, vec![card]).error();

    assert_eq!(
        outcome(with_can("999999"), lay(Profile::PaceP256)),
        Code::AccessDataWrong
    );
    // The one try that this chip allows is used up by the first attempt.
    assert_eq!(
        outcome(with_can("999999"), chip(Quirk::CanTries(1))),
        Code::AccessBlocked
    );
    let pace_only = Profile::PaceP256
        .builder()
        .unwrap()
        .without_bac()
        .quirk(Quirk::CardAccessMissing)
        .build()
        .unwrap();
    assert_eq!(
        outcome(claims(Profile::PaceP256), SimulatedLink::new(pace_only)),
        Code::PaceOnly
    );
    let slow = lay(Profile::PaceP256).with_faults(|_, command| match command {
        [0x10, 0x86, ..] => Fault::Fail(TransportError::Timeout),
        _ => Fault::None,
    });
    assert_eq!(outcome(claims(Profile::PaceP256), slow), Code::AccessSlow);
    let torn = lay(Profile::PaceP256).with_faults(|_, command| match command {
        [0x10, 0x86, ..] => Fault::Tear,
        _ => Fault::None,
    });
    assert_eq!(outcome(claims(Profile::PaceP256), torn), Code::DocumentLost);
}

/// Windows takes a card away from a program that leaves it alone for five seconds.
#[test]
fn a_document_is_kept_alive_while_the_server_thinks() {
    let profile = Profile::PaceP256;
    let cards = Cards::new(vec![lay(profile)], Some(Moment::KeptAlive(3)));
    let mut login = Login::start_with(claims(profile), cards);
    let (evidence, sealed) = login.evidence();
    login.cards.wait_until_held();
    login.cards.let_go();
    let (remote, command) = login.command(&evidence, &sealed, DG1, |_| {});
    login.handle.send(command).unwrap();
    assert!(remote.file(&answers(&login.result())).is_ok());
    login.finish();
}
