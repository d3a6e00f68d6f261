//! What both foreign readers need around them: the job on standard input, the card over PC/SC, one JSON line out.

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value, json};
use std::io::Read as _;
use std::time::Duration;

/// What to open the chip with, and whom to trust: read from standard input, so that no access data is on a command
/// line.
///
/// `{"access": "bac" | "pace-mrz" | "pace-can", "document_number": "…", "date_of_birth": "YYMMDD",
/// "date_of_expiry": "YYMMDD", "can": "…", "csca": ["file.der", …], "groups": [14, 15, 1]}`
pub struct Job(Value);

impl Job {
    /// Reads the job to the end of standard input.
    pub fn from_stdin() -> anyhow::Result<Self> {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        Ok(Self(
            serde_json::from_str(&text).context("the job is not JSON")?,
        ))
    }

    /// A text field that must be there.
    pub fn text(&self, name: &str) -> anyhow::Result<&str> {
        self.0[name]
            .as_str()
            .ok_or_else(|| anyhow!("the job lacks `{name}`"))
    }

    /// The data groups to read, where the job names them: EF.COM is then not asked for.
    pub fn groups(&self) -> Option<Vec<u8>> {
        let groups = self.0["groups"].as_array()?;
        Some(
            groups
                .iter()
                .filter_map(|number| u8::try_from(number.as_u64()?).ok())
                .collect(),
        )
    }

    /// The CSCA certificates to trust, DER.
    pub fn csca(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let names = self.0["csca"].as_array().cloned().unwrap_or_default();
        names
            .iter()
            .filter_map(Value::as_str)
            .map(|name| std::fs::read(name).with_context(|| name.to_owned()))
            .collect()
    }
}

/// What a reader found, in the order found.
#[derive(Default)]
pub struct Findings(Map<String, Value>);

impl Findings {
    /// Notes one fact.
    pub fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Notes a file by its bytes in hexadecimal: the chip is a simulated one, its holder a specimen.
    pub fn file(&mut self, name: &str, bytes: &[u8]) {
        let files = self.0.entry("files").or_insert_with(|| json!({}));
        files[name] = Value::from(
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        );
    }

    /// Prints the one line, with the error if the reader stopped at one.
    pub fn print(mut self, outcome: anyhow::Result<()>) -> std::process::ExitCode {
        let failed = outcome.is_err();
        if let Err(error) = outcome {
            self.note("error", format!("{error:#}"));
        }
        println!("{}", Value::Object(self.0));
        if failed {
            std::process::ExitCode::FAILURE
        } else {
            std::process::ExitCode::SUCCESS
        }
    }
}

/// The first card in any reader, waiting for one if there is none yet. It is powered anew, so that nothing of an earlier
/// session is left in it.
pub fn card() -> anyhow::Result<pcsc::Card> {
    let context = pcsc::Context::establish(pcsc::Scope::User)?;
    let readers = context.list_readers_owned()?;
    let mut states = readers
        .iter()
        .map(|reader| pcsc::ReaderState::new(reader.clone(), pcsc::State::UNAWARE))
        .collect::<Vec<_>>();
    loop {
        context.get_status_change(Duration::from_secs(20), &mut states)?;
        let present =
            |state: &&pcsc::ReaderState| state.event_state().contains(pcsc::State::PRESENT);
        if let Some(state) = states.iter().find(present) {
            let (mode, protocols) = (pcsc::ShareMode::Shared, pcsc::Protocols::ANY);
            let mut card = context.connect(state.name(), mode, protocols)?;
            card.reconnect(mode, protocols, pcsc::Disposition::ResetCard)?;
            return Ok(card);
        }
        states
            .iter_mut()
            .for_each(pcsc::ReaderState::sync_current_state);
    }
}
