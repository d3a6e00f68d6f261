//! Whole logins with everything in a process of its own: login server, daemon, pcscd, chip; the page is played.

use anyhow::Result;
use hardware_tests::desk::Desk;
use hardware_tests::need;
use hardware_tests::page::{Ending, Event, Page, Typed, Verdict};
use hardware_tests::pcscd;
use hardware_tests::site::{self, PASSWORD, Programs, Site};
use icao::simulator::Profile;

const SUBSTANTIAL: u8 = 25;

/// Logs in, notes the states in their order, and sees that the bar never runs back.
fn log_in(site: &Site, profile: Profile, states: &mut Vec<String>) -> Result<Ending> {
    let mut bar = 0;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    page.check(site::kind_name(profile.kind()), &typed, &mut |event| {
        if let Event::State(state, progress, _) = event {
            assert!(
                *progress >= bar,
                "{state} goes back from {bar} to {progress} %"
            );
            bar = *progress;
            if states.last() != Some(state) {
                states.push(state.clone());
            }
        }
    })
}

#[test]
fn good_documents_lift_the_login_and_forgeries_are_refused_by_the_server() -> Result<()> {
    if !need::all("whole logins over pcscd", &pcscd::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    for (profile, round_trips) in [
        (Profile::NlPassport2011, 1), // has no Chip Authentication
        (Profile::NlId2014, 2),
        (Profile::NlPassport2024, 2),
        (Profile::PaceP256, 2),
        (Profile::NlLicence2014, 1), // likewise
        (Profile::NlLicence2020, 2),
    ] {
        let mut desk = Desk::with_reader(&site)?;
        desk.lay(profile)?;
        let mut states = Vec::new();
        let ending = log_in(&site, profile, &mut states)?;
        assert_eq!(
            ending.verdict,
            Verdict::Raised(SUBSTANTIAL),
            "{}: {ending:?}",
            profile.name()
        );
        assert_eq!(ending.round_trips, round_trips, "{}", profile.name());
        let confirming = states.iter().any(|state| state == "confirming");
        assert_eq!(
            confirming,
            round_trips == 2,
            "{}: {states:?}",
            profile.name()
        );
    }
    for profile in [Profile::Clone, Profile::Tampered] {
        let mut desk = Desk::with_reader(&site)?;
        desk.lay(profile)?;
        let ending = log_in(&site, profile, &mut Vec::new())?;
        assert!(
            matches!(ending.verdict, Verdict::Refused(_)),
            "{}: {ending:?}",
            profile.name()
        );
    }
    Ok(())
}

#[test]
fn a_document_laid_late_is_waited_for() -> Result<()> {
    if !need::all("a document laid late", &pcscd::NEEDS)? {
        return Ok(());
    }
    let site = Site::start(Programs::find()?)?;
    let mut desk = Desk::with_reader(&site)?;
    let profile = Profile::NlId2014;
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    let mut laid = None;
    let ending = page.check(site::kind_name(profile.kind()), &typed, &mut |event| {
        if matches!(event, Event::State(state, ..) if state == "waiting_for_document")
            && laid.is_none()
        {
            laid = Some(desk.lay(profile));
        }
    })?;
    laid.transpose()?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    Ok(())
}

#[test]
fn anothers_document_is_refused() -> Result<()> {
    let site = Site::start(Programs::find()?)?;
    // The passport of somebody else lies on the reader: what opens the registered one does not open it.
    let _desk = Desk::simulated(&site, Profile::NlPassport2011)?;
    let ending = log_in(&site, Profile::NlPassport2024, &mut Vec::new())?;
    assert!(!matches!(ending.verdict, Verdict::Raised(_)), "{ending:?}");
    assert_eq!(
        ending.round_trips, 0,
        "nothing of it reached the server: {ending:?}"
    );
    Ok(())
}
