//! Reads a chip with the crate `dmrtd`: BAC or PACE, every file that EF.COM lists, Passive and Active Authentication.

use anyhow::{Context as _, anyhow};
use chrono::{Datelike as _, NaiveDate};
use dmrtd::auth::passive::{self, ChainStatus, DataGroup, TrustAnchor};
use dmrtd::com::{TransceiveError, Transceiver};
use dmrtd::lds::df1::efdg14::EfDG14;
use dmrtd::lds::ef::ElementaryFile as _;
use dmrtd::passport::Passport;
use dmrtd::proto::can_key::CanKey;
use dmrtd::proto::dba_key::DBAKey;
use peers::{Findings, Job};
use std::process::ExitCode;

/// The card as `dmrtd` wants to be given one.
struct Link {
    card: pcsc::Card,
    buffer: Vec<u8>,
    exchanges: u64,
}

impl Transceiver for Link {
    fn transceive(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransceiveError> {
        self.exchanges += 1;
        self.card
            .transmit(apdu, &mut self.buffer)
            .map(<[u8]>::to_vec)
            .map_err(|error| TransceiveError::new(error.to_string()))
    }
}

fn main() -> ExitCode {
    let mut findings = Findings::default();
    findings.note("reader", "dmrtd 0.3.5");
    let outcome = read(&mut findings);
    findings.print(outcome)
}

fn read(findings: &mut Findings) -> anyhow::Result<()> {
    let job = Job::from_stdin()?;
    let access = job.text("access")?;
    findings.note("access", access);
    let link = Link {
        card: peers::card()?,
        buffer: vec![0; 65_538],
        exchanges: 0,
    };
    let mut passport = Passport::new(link);

    let mrz_key = |pace: bool| -> anyhow::Result<DBAKey> {
        let birth = date(job.text("date_of_birth")?, false)?;
        let expiry = date(job.text("date_of_expiry")?, true)?;
        Ok(DBAKey::new(
            job.text("document_number")?,
            birth,
            expiry,
            pace,
        )?)
    };
    match access {
        "bac" => passport.start_session(mrz_key(false)?).context("BAC")?,
        "pace-mrz" => {
            let card_access = passport.read_ef_card_access().context("EF.CardAccess")?;
            findings.file("card_access", card_access.to_bytes());
            passport
                .start_session_pace(mrz_key(true)?, &card_access)
                .context("PACE")?;
        }
        "pace-can" => {
            let card_access = passport.read_ef_card_access().context("EF.CardAccess")?;
            findings.file("card_access", card_access.to_bytes());
            let key = CanKey::new(job.text("can")?).map_err(|error| anyhow!("{error}"))?;
            passport
                .start_session_pace(key, &card_access)
                .context("PACE")?;
        }
        other => return Err(anyhow!("unknown access `{other}`")),
    }

    let numbers = match job.groups() {
        Some(groups) => groups,
        None => {
            let com = passport.read_ef_com().context("EF.COM")?;
            findings.file("com", com.to_bytes());
            com.dg_tags()
                .iter()
                .filter_map(|tag| number_of(tag.0))
                .collect()
        }
    };
    let mut groups: Vec<(u8, Vec<u8>)> = Vec::new();
    for number in numbers {
        let bytes = match number {
            1 => passport.read_ef_dg1().map(|file| file.to_bytes().to_vec()),
            2 => passport.read_ef_dg2().map(|file| file.to_bytes().to_vec()),
            11 => passport.read_ef_dg11().map(|file| file.to_bytes().to_vec()),
            12 => passport.read_ef_dg12().map(|file| file.to_bytes().to_vec()),
            14 => passport
                .read_ef_dg14()
                .map(|file: EfDG14| file.to_bytes().to_vec()),
            15 => passport.read_ef_dg15().map(|file| file.to_bytes().to_vec()),
            _ => continue,
        }
        .with_context(|| format!("EF.DG{number}"))?;
        findings.file(&format!("dg{number}"), &bytes);
        groups.push((number, bytes));
    }
    let sod = passport.read_ef_sod().context("EF.SOD")?;
    findings.file("sod", sod.to_bytes());

    let anchors = job
        .csca()?
        .iter()
        .filter_map(|der| TrustAnchor::from_certificate(der).ok())
        .collect::<Vec<_>>();
    let read = groups
        .iter()
        .map(|(number, bytes)| DataGroup {
            number: *number,
            bytes,
        })
        .collect::<Vec<_>>();
    match passive::verify(sod.to_bytes(), &read, &anchors) {
        Ok(result) => {
            let chain = match result.chain {
                ChainStatus::Trusted { .. } => "trusted",
                ChainStatus::Unverified => "no trusted CSCA",
            };
            findings.note("passive_authentication", chain);
            findings.note("verified_groups", result.verified_groups);
        }
        Err(error) => findings.note("passive_authentication", error.to_string()),
    }
    if groups.iter().any(|(number, _)| *number == 15) {
        let mut challenge = [0; 8];
        challenge.copy_from_slice(&std::time::UNIX_EPOCH.elapsed()?.as_nanos().to_be_bytes()[8..]);
        match passport.verify_active_authentication(&challenge) {
            Ok(()) => findings.note("active_authentication", "passed"),
            Err(error) => findings.note("active_authentication", error.to_string()),
        }
    }
    Ok(())
}

/// Data group number of a tag in EF.COM's list (Doc 9303-10 table 31), or `None` for tags that name no data group.
fn number_of(tag: u32) -> Option<u8> {
    const TAGS: [u32; 16] = [
        0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F,
        0x70,
    ];
    let index = TAGS.iter().position(|known| *known == tag)?;
    u8::try_from(index + 1).ok()
}

/// `YYMMDD` as `dmrtd` wants it, with the century that the machine readable zone leaves out.
fn date(text: &str, expiry: bool) -> anyhow::Result<NaiveDate> {
    let date = NaiveDate::parse_from_str(&format!("20{text}"), "%Y%m%d")
        .with_context(|| text.to_owned())?;
    let past = date.year() >= 2025 && !expiry;
    Ok(if past {
        date.with_year(date.year() - 100).context("leap day")?
    } else {
        date
    })
}
