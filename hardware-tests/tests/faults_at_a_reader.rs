//! What goes wrong at a reader and in the card service, over a real pcscd: a whole login in each case, with programs as they
//! are delivered. The citizen touches the document, never the page.

#![allow(clippy::unwrap_used)]

use anyhow::Result;
use hardware_tests::fault::{Fault, FaultyChip, Plan};
use hardware_tests::ifd::{Event as AtReader, Reader};
use hardware_tests::need;
use hardware_tests::page::{Ending, Event, Page, Typed, Verdict};
use hardware_tests::pcscd::{self, Pcscd};
use hardware_tests::process::Process;
use hardware_tests::site::{self, Link, PASSWORD, Programs, Site};
use icao::simulator::Profile;
use std::thread::JoinHandle;
use std::time::Duration;

const SUBSTANTIAL: u8 = 25;
const PROFILE: Profile = Profile::PaceP256;
/// A command in the middle of EF.SOD, long after the document was opened.
const WHILE_READING: usize = 10;

/// A login server, a daemon, and a pcscd with readers of ours.
struct Scene {
    site: Site,
    pcscd: Pcscd,
    daemon: Process,
}

impl Scene {
    fn set(readers: &[&Reader]) -> Result<Self> {
        let site = Site::start(Programs::find()?)?;
        let pcscd = Pcscd::with_readers(readers)?;
        let daemon = site.daemon(&Link::Pcscd(pcscd.socket()))?;
        Ok(Self {
            site,
            pcscd,
            daemon,
        })
    }

    /// One login of the holder; `tell` hears what the page is shown.
    fn log_in(&self, tell: &mut dyn FnMut(&str, Option<&str>)) -> Result<Ending> {
        log_in(&self.site, PROFILE, tell)
    }

    /// Another program that holds the card.
    fn hog(&self, how: &str) -> Result<Process> {
        let mut command = self.pcscd.client(need::program("card-hog")?);
        command.arg(how);
        let mut hog = Process::start("card-hog", &command)?;
        hog.line(Duration::from_secs(60), |line| {
            (line == "holding").then_some(())
        })?;
        Ok(hog)
    }
}

fn log_in(
    site: &Site,
    profile: Profile,
    tell: &mut dyn FnMut(&str, Option<&str>),
) -> Result<Ending> {
    let page = Page::log_in(site.origin(), profile.name(), PASSWORD)?;
    check(&page, profile, tell)
}

fn check(
    page: &Page,
    profile: Profile,
    tell: &mut dyn FnMut(&str, Option<&str>),
) -> Result<Ending> {
    let typed = Typed {
        last_four: Some(site::last_four(profile).to_owned()),
        ..Typed::default()
    };
    page.check(site::kind_name(profile.kind()), &typed, &mut |event| {
        if let Event::State(state, _, hint) = event {
            tell(state, hint.as_deref());
        }
    })
}

/// A login on a thread of its own, while the test does something to reader or service.
fn log_in_meanwhile(scene: &Scene) -> Result<JoinHandle<Result<Ending>>> {
    let page = Page::log_in(scene.site.origin(), PROFILE.name(), PASSWORD)?;
    Ok(std::thread::spawn(move || {
        check(&page, PROFILE, &mut |_, _| {})
    }))
}

fn contactless() -> Result<Reader> {
    Reader::new("Specimen Contactless Reader")
}

fn document(plan: Plan) -> Result<FaultyChip> {
    Ok(FaultyChip::new(PROFILE, plan)?)
}

fn can_run(what: &str) -> Result<bool> {
    need::all(what, &[&need::PCSCD])
}

/// A login with one fault of the document, in which nobody has to do anything.
fn log_in_despite(plan: Plan) -> Result<Vec<String>> {
    let reader = contactless()?;
    let scene = Scene::set(&[&reader])?;
    reader.lay(document(plan)?);
    let mut hints = Vec::new();
    let ending = scene.log_in(&mut |_, hint| hints.extend(hint.map(str::to_owned)))?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    Ok(hints)
}

#[test]
fn a_document_that_slides_is_read_on() -> Result<()> {
    if !can_run("a document that slides")? {
        return Ok(());
    }
    for fault in [Fault::Tear, Fault::TearAfter, Fault::ResetByOther] {
        let hints = log_in_despite(Plan::once(fault, WHILE_READING))?;
        assert!(
            hints.contains(&"document_moved".to_owned()),
            "{fault:?}: {hints:?}"
        );
    }
    Ok(())
}

/// It slips, and lies there again before the service has looked: to pcscd its reset failed, and it is gone for good.
#[test]
fn a_document_that_slips_for_a_moment_is_powered_anew() -> Result<()> {
    if !can_run("a document that slips")? {
        return Ok(());
    }
    let reader = contactless()?;
    reader.set_absence(1);
    let scene = Scene::set(&[&reader])?;
    reader.lay(document(Plan::once(Fault::Tear, WHILE_READING))?);
    let ending = scene.log_in(&mut |_, _| {})?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    Ok(())
}

#[test]
fn a_chip_that_says_nothing_for_once_is_asked_again() -> Result<()> {
    if can_run("a mute chip")? {
        log_in_despite(Plan::once(Fault::Mute, WHILE_READING))?;
    }
    Ok(())
}

#[test]
fn a_chip_that_wants_more_time_gets_it() -> Result<()> {
    if can_run("a chip that wants more time")? {
        let late = Fault::Delay(Duration::from_millis(30));
        log_in_despite(Plan::for_good(late, 0))?;
    }
    Ok(())
}

#[test]
fn spoilt_answers_are_noticed_and_asked_for_again() -> Result<()> {
    if !can_run("spoilt answers")? {
        return Ok(());
    }
    for fault in [Fault::Garble, Fault::Truncate, Fault::NakedStatus(0x6988)] {
        log_in_despite(Plan::once(fault, WHILE_READING))?;
    }
    Ok(())
}

#[test]
fn another_document_is_told_apart() -> Result<()> {
    if !can_run("another document")? {
        return Ok(());
    }
    let reader = contactless()?;
    let scene = Scene::set(&[&reader])?;
    let other = Fault::Swapped(Profile::NlPassport2011);
    reader.lay(document(Plan::once(other, WHILE_READING))?);
    let ending = scene.log_in(&mut |_, _| {})?;
    assert_eq!(
        ending.verdict,
        Verdict::Stopped("document_swapped".to_owned())
    );
    Ok(())
}

#[test]
fn a_reader_that_goes_away_and_comes_back_goes_on() -> Result<()> {
    if !can_run("a reader that is pulled out")? {
        return Ok(());
    }
    let reader = contactless()?;
    let scene = Scene::set(&[&reader])?;
    reader.lay(document(Plan::once(Fault::ReaderUnplugged, WHILE_READING))?);
    let login = log_in_meanwhile(&scene)?;
    reader.wait_for(AtReader::Unplugged)?;
    reader.plug();
    let ending = login.join().unwrap()?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    Ok(())
}

#[test]
fn a_card_service_that_dies_and_comes_back_costs_no_click() -> Result<()> {
    if !can_run("a card service that dies")? {
        return Ok(());
    }
    // While the document is opened, while it is read, and while the server confirms.
    for at in [3, WHILE_READING, 20] {
        let reader = contactless()?;
        let mut scene = Scene::set(&[&reader])?;
        reader.lay(document(Plan::once(Fault::ServiceRestarted, at))?);
        let login = log_in_meanwhile(&scene)?;
        reader.wait_for(AtReader::ServiceToDie)?;
        scene.pcscd.kill();
        scene.pcscd.restart()?;
        let ending = login.join().unwrap()?;
        assert_eq!(
            ending.verdict,
            Verdict::Raised(SUBSTANTIAL),
            "killed at command {at}: {ending:?}\n{}",
            scene.daemon.said()
        );
    }
    Ok(())
}

#[test]
fn a_card_that_another_program_holds_is_waited_for() -> Result<()> {
    if !can_run("a card that another program holds")? {
        return Ok(());
    }
    for how in ["exclusive", "transaction"] {
        let reader = contactless()?;
        let scene = Scene::set(&[&reader])?;
        reader.lay(document(Plan::NONE)?);
        let mut hog = Some(scene.hog(how)?);
        let mut hints = Vec::new();
        let ending = scene.log_in(&mut |_, hint| {
            if hint == Some("in_use") {
                hog = None;
            }
            hints.extend(hint.map(str::to_owned));
        })?;
        assert_eq!(
            ending.verdict,
            Verdict::Raised(SUBSTANTIAL),
            "{how}: {ending:?}"
        );
        assert!(hints.contains(&"in_use".to_owned()), "{how}: {hints:?}");
    }
    Ok(())
}

#[test]
fn a_reader_for_short_apdus_is_found_out_and_remembered() -> Result<()> {
    if !can_run("a reader for short APDUs")? {
        return Ok(());
    }
    // A chip that offers extended APDUs, on a reader that says nothing and refuses them.
    let profile = Profile::NlPassport2024;
    let reader = contactless()?;
    let scene = Scene::set(&[&reader])?;
    let count_hints = || -> Result<usize> {
        reader.lay(FaultyChip::new(
            profile,
            Plan::for_good(Fault::ShortReader, 0),
        )?);
        let mut hints = 0;
        let ending = log_in(&scene.site, profile, &mut |_, hint| {
            hints += usize::from(hint.is_some());
        })?;
        assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
        reader.lift();
        Ok(hints)
    };
    assert!(count_hints()? > 0, "the first time it is found out");
    count_hints()?;
    assert_eq!(count_hints()?, 0, "in the end it is known beforehand");
    let learned = std::fs::read_to_string(scene.site.state().join("rda/readers.json"))?;
    assert!(learned.contains("Specimen Contactless Reader"), "{learned}");

    // One that says what it carries is believed at once.
    let reader = Reader::new("Specimen Contactless Reader")?.saying(255);
    let scene = Scene::set(&[&reader])?;
    reader.lay(document(Plan::for_good(Fault::ShortReader, 0))?);
    let mut hints = 0;
    let ending = scene.log_in(&mut |_, hint| hints += usize::from(hint.is_some()))?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    assert_eq!(hints, 0);
    Ok(())
}

#[test]
fn slots_that_take_no_document_are_left_alone() -> Result<()> {
    if !can_run("SAM and contact slots")? {
        return Ok(());
    }
    let sam = Reader::new("Specimen Dual Reader SAM")?;
    let contact = Reader::new("Specimen Dual Contact Reader")?;
    let unnamed = Reader::new("Specimen Key")?;
    let reader = contactless()?;
    let scene = Scene::set(&[&sam, &contact, &unnamed, &reader])?;
    let badge = || FaultyChip::new(Profile::NlLicence2014, Plan::NONE);
    sam.lay(badge()?);
    contact.lay(badge()?);
    // A key with contacts, in a reader whose name tells nothing: asked, and quietly set aside.
    let key = [
        0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57,
        0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40,
    ];
    unnamed.lay_with_atr(badge()?, &key);
    let mut laid = false;
    let mut hints = Vec::new();
    let ending = scene.log_in(&mut |state, hint| {
        hints.extend(hint.map(str::to_owned));
        if state == "waiting_for_document" && !laid {
            reader.lay(document(Plan::NONE).unwrap());
            laid = true;
        }
    })?;
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    assert!(hints.is_empty(), "{hints:?}");
    assert_eq!(sam.exchanges(), 0);
    assert_eq!(contact.exchanges(), 0);
    Ok(())
}

#[test]
fn of_two_documents_one_has_to_go() -> Result<()> {
    if !can_run("two documents")? {
        return Ok(());
    }
    let (one, other) = (contactless()?, Reader::new("Other Contactless Reader")?);
    let scene = Scene::set(&[&one, &other])?;
    one.lay(document(Plan::NONE)?);
    other.lay(FaultyChip::new(Profile::NlPassport2011, Plan::NONE)?);
    one.wait_for(AtReader::Powered)?;
    other.wait_for(AtReader::Powered)?;
    let mut seen = false;
    let ending = scene.log_in(&mut |_, hint| {
        if hint == Some("several_documents") {
            seen = true;
            other.lift();
        }
    })?;
    assert!(seen);
    assert_eq!(ending.verdict, Verdict::Raised(SUBSTANTIAL), "{ending:?}");
    Ok(())
}

/// The faults of the chip itself, over the virtual reader of others: what does not hang on our own driver.
#[test]
fn faults_of_the_chip_over_vpcd() -> Result<()> {
    if !need::all("faults over vpcd", &pcscd::NEEDS)? {
        return Ok(());
    }
    for fault in [
        Fault::Tear,
        Fault::TearAfter,
        Fault::Delay(Duration::from_millis(30)),
        Fault::Garble,
        Fault::Truncate,
        Fault::NakedStatus(0x6988),
    ] {
        let site = Site::start(Programs::find()?)?;
        let pcscd = Pcscd::start()?;
        let _daemon = site.daemon(&Link::Pcscd(pcscd.socket()))?;
        let chip = document(Plan::once(fault, WHILE_READING))?;
        let atr = chip.chip().atr().to_vec();
        let _laid = hardware_tests::vpcd::Laid::new(chip, pcscd.slot(0), &atr, None)?;
        let ending = log_in(&site, PROFILE, &mut |_, _| {})?;
        assert_eq!(
            ending.verdict,
            Verdict::Raised(SUBSTANTIAL),
            "{fault:?}: {ending:?}"
        );
    }
    Ok(())
}
