//! Reads a chip with the crate `emrtd`: BAC, EF.COM, EF.SOD, EF.DG1 and EF.DG2.

use anyhow::{Context as _, anyhow};
use emrtd::EmrtdComms;
use peers::{Findings, Job};
use std::process::ExitCode;

/// Names of the data groups, by number.
const GROUPS: [&str; 17] = [
    "", "dg1", "dg2", "dg3", "dg4", "dg5", "dg6", "dg7", "dg8", "dg9", "dg10", "dg11", "dg12",
    "dg13", "dg14", "dg15", "dg16",
];

fn main() -> ExitCode {
    let mut findings = Findings::default();
    findings.note("reader", "emrtd 0.0.2");
    let outcome = read(&mut findings);
    findings.print(outcome)
}

fn read(findings: &mut Findings) -> anyhow::Result<()> {
    let job = Job::from_stdin()?;
    findings.note("access", job.text("access")?);
    if job.text("access")? != "bac" {
        return Err(anyhow!("emrtd knows BAC only"));
    }
    let secret = emrtd::other_mrz(
        job.text("document_number")?,
        job.text("date_of_birth")?,
        job.text("date_of_expiry")?,
    )?;
    let mut chip = EmrtdComms::new(peers::card()?);
    chip.select_emrtd_application()
        .context("SELECT of the application")?;
    chip.establish_bac_session_keys(secret.as_bytes())
        .context("BAC")?;

    let mut file = |name: &'static str, id: [u8; 2]| -> anyhow::Result<Vec<u8>> {
        chip.select_ef(&id, name, true).context(name)?;
        let bytes = chip.read_data_from_ef(true).context(name)?;
        findings.file(name, &bytes);
        Ok(bytes)
    };
    match job.groups() {
        None => {
            file("com", [0x01, 0x1E])?;
            file("sod", [0x01, 0x1D])?;
            file("dg1", [0x01, 0x01])?;
            file("dg2", [0x01, 0x02])?;
        }
        Some(groups) => {
            file("sod", [0x01, 0x1D])?;
            for number in groups {
                file(
                    GROUPS.get(usize::from(number)).copied().unwrap_or("dg"),
                    [0x01, number],
                )?;
            }
        }
    }
    Ok(())
}
