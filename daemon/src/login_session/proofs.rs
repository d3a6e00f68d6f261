//! What the login server gets: evidence of the document, and the chip's answers to the server's own commands.

use std::time::Instant;

use icao::crypto::key_agreement::PublicKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::security_info::Mapping;
use icao::lds::sod::Sod;
use icao::lds::{Application, Dg14, Dg15};
use icao::terminal::{AccessProtocol, Terminal};
use protocol::bindings::Binding;
use protocol::chip_authentication::{ChipAuthenticationResult, Command, StatusWord};
use protocol::encoding::Octets;
use protocol::error::Code;
use protocol::evidence::{self, ActiveAuthentication, Evidence, Link, Transcript};
use protocol::jwe::{self, SealError, Sealable};
use protocol::read_commands::{ReadCommands, SfiReading};
use rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::files::Files;
use super::{Login, Stop};

impl Login {
    pub(super) fn binding(&self) -> Binding<'_> {
        Binding {
            origin: &self.request.request.claims().aud,
            request: self.request.request.hash(),
        }
    }

    /// Lets the chip sign the challenge that is bound to this origin, request and document.
    pub(super) fn active_authentication(
        &self,
        terminal: &mut Terminal<'_>,
        sod: &Sod,
        dg15: &Dg15,
    ) -> Result<Vec<u8>, Stop> {
        let rnd_ifd = self
            .binding()
            .rnd_ifd(sod.raw())
            .map_err(|_| Code::Internal)?;
        let length = match VerifyingKey::from_spki(dg15.public_key_info()) {
            Ok(VerifyingKey::Rsa(key)) => key.modulus_len(),
            // A signature over a curve always fits a short answer.
            _ => 1,
        };
        Ok(terminal.active_authentication(&rnd_ifd, length)?)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one message, each from another step"
    )]
    pub(super) fn evidence(
        &self,
        terminal: &Terminal<'_>,
        document: &Files,
        access: AccessProtocol,
        identity_file: Option<Zeroizing<Vec<u8>>>,
        signature: Option<Vec<u8>>,
        reader: String,
        started: Instant,
    ) -> Result<Evidence, Stop> {
        let transcript = terminal.transcript();
        let limits = terminal.limits();
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let key = document
            .authentication_key
            .as_ref()
            .map(|file| file_of(file.raw()))
            .transpose()?;
        let (dg15, dg13) = match terminal.application() {
            Application::TravelDocument => (key, None),
            Application::DrivingLicence => (None, key),
        };
        Ok(Evidence {
            card_access: document
                .card_access
                .as_ref()
                .map(|file| file_of(file.raw()))
                .transpose()?,
            sod: file_of(document.sod.raw())?,
            dg14: document
                .dg14
                .as_ref()
                .map(|file| file_of(file.raw()))
                .transpose()?,
            dg15,
            dg13,
            identity_file: identity_file.map(|file| file_of(&file)).transpose()?,
            active_authentication: signature
                .map(|signature| {
                    Octets::new(signature).map(|signature| ActiveAuthentication { signature })
                })
                .transpose()
                .map_err(|_| Code::ActiveAuthenticationFailed)?,
            link: Link {
                sfi: !terminal.refuses_short_identifiers(),
                max_command: size(limits.max_command),
                max_response: size(limits.max_response),
            },
            transcript: Transcript {
                apdus: transcript.apdus,
                bytes: transcript.bytes_sent + transcript.bytes_received,
                ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                reader,
                retries: transcript.resumes,
            },
            access_protocol: Some(match access {
                AccessProtocol::Bac => match terminal.application() {
                    Application::TravelDocument => evidence::AccessProtocol::Bac,
                    Application::DrivingLicence => evidence::AccessProtocol::Bap,
                },
                AccessProtocol::Pace(info) => match info.protocol.mapping {
                    Mapping::Generic => evidence::AccessProtocol::PaceGm,
                    Mapping::Integrated => evidence::AccessProtocol::PaceIm,
                    Mapping::ChipAuthentication => evidence::AccessProtocol::PaceCam,
                },
            }),
        })
    }

    /// Checks the server's command against the document, and carries it out.
    pub(super) fn chip_authentication(
        &self,
        terminal: &mut Terminal<'_>,
        document: &Files,
        dg14: &Dg14,
        command: &Command,
    ) -> Result<ChipAuthenticationResult, Stop> {
        let claims = command.claims();
        let (protocol, key_id, chip_key) = document.agreed_key(dg14, command)?;
        let sfi_reading = if terminal.refuses_short_identifiers() {
            SfiReading::Fails
        } else {
            SfiReading::Works
        };
        let commands: Vec<Vec<u8>> = claims
            .commands
            .iter()
            .map(|command| command.as_slice().to_vec())
            .collect();
        let commands = ReadCommands::new(
            commands,
            self.request.request.claims().document,
            sfi_reading,
        )
        .map_err(|error| {
            tracing::warn!(%error, "the server's commands are refused");
            Code::CommandForbidden
        })?;

        let group = chip_key.group();
        let public_key = PublicKey::from_bytes(group, claims.public_key.as_slice())
            .map_err(|_| Code::ChipAuthenticationMismatch)?;
        let tweak = self
            .binding()
            .chip_authentication_tweak(document.sod.raw(), dg14.raw(), public_key.as_bytes())
            .map_err(|_| Code::ChipAuthenticationMismatch)?;
        let public_key = public_key
            .tweak(&tweak)
            .map_err(|_| Code::ChipAuthenticationMismatch)?;

        let answers = terminal.remote_chip_authentication(
            protocol,
            key_id,
            &public_key,
            commands.as_slice(),
        )?;
        let status_words = answers
            .iter()
            .map(|answer| StatusWord(answer.status.0))
            .collect();
        let responses = answers
            .into_iter()
            .map(|answer| Octets::new(answer.data))
            .collect::<Result<_, _>>();
        Ok(ChipAuthenticationResult {
            status_words,
            responses: responses.map_err(|_| Code::ChipAuthenticationFailed)?,
        })
    }

    pub(super) fn seal<T: Sealable>(&self, message: &T) -> Result<String, Stop> {
        let request = &self.request.request;
        jwe::seal(
            message,
            &request.claims().enc,
            request.hash(),
            &mut UnwrapErr(getrandom::SysRng),
        )
        .map_err(|error| match error {
            SealError::TooLong => Code::EvidenceTooLarge.into(),
            _ => Code::Internal.into(),
        })
    }
}

fn file_of(bytes: &[u8]) -> Result<evidence::File, Stop> {
    Octets::new(bytes.to_vec()).map_err(|_| Code::EvidenceTooLarge.into())
}
