//! What the daemon does with a document, played by these tests with the terminal and a simulated chip, and open to every
//! change that an attacker could make on the way.
#![allow(dead_code, unreachable_pub)]

use icao::access_key::{AccessKey, PaceKey};
use icao::crypto::key_agreement::PublicKey;
use icao::crypto::signature::VerifyingKey;
use icao::lds::security_info::ChipAuthenticationProtocol;
use icao::lds::{Application, DataGroup, Dg14, Dg15, Sod};
use icao::simulator::{Chip, Profile, SimulatedLink};
use icao::terminal::{Policy, Terminal};
use protocol::bindings::Binding;
use protocol::chip_authentication::{
    self, ChipAuthenticationResult, Command, Conversation, StatusWord,
};
use protocol::encoding::Octets;
use protocol::evidence::{ActiveAuthentication, Evidence, File, Link, Transcript, sealed_hash};
use protocol::jwe::{self, Sealable};
use protocol::origin::Origin;
use protocol::read_commands::{ReadCommands, SfiReading};
use protocol::request::{Access, DaemonVersion, Document, Presented, Request};
use protocol::trust::TrustedServer;
use rand_core::UnwrapErr;

pub type Rng = UnwrapErr<getrandom::SysRng>;

pub fn rng() -> Rng {
    UnwrapErr(getrandom::SysRng)
}

/// A request as the daemon took it, and where the daemon believes to be.
pub struct Reader {
    pub request: Request,
    pub server: TrustedServer,
    pub origin: Origin,
    pub now: u64,
}

impl Reader {
    pub fn take(compact: &str, server: &TrustedServer, origin: &str, now: u64) -> Self {
        let presented = Presented {
            origin,
            now,
            version: DaemonVersion::parse("0.1.0").unwrap(),
        };
        let (request, _) = Request::verify(compact, &presented, |_| Some(server)).unwrap();
        Self {
            request,
            server: server.clone(),
            origin: Origin::parse(origin).unwrap(),
            now,
        }
    }

    fn binding(&self) -> Binding<'_> {
        Binding {
            origin: &self.origin,
            request: self.request.hash(),
        }
    }

    fn application(&self) -> Application {
        match self.request.claims().document {
            Document::Passport | Document::IdentityCard => Application::TravelDocument,
            Document::DrivingLicence => Application::DrivingLicence,
        }
    }

    fn keys(&self) -> Vec<AccessKey> {
        self.request
            .claims()
            .access
            .iter()
            .filter_map(|access| match access {
                Access::MrzDigest(digest) => Some(AccessKey::MrzDigest(*digest.as_array())),
                Access::PaceKey(key) => Some(AccessKey::PaceKey(PaceKey {
                    sha1_16: *key.sha1_16.as_array(),
                    sha256_32: *key.sha256_32.as_array(),
                })),
                Access::Can(_) => None,
            })
            .collect()
    }

    /// Opens the chip and reads what a daemon reads.
    pub fn evidence(&self, chip: &mut SimulatedLink) -> Evidence {
        let keys = self.keys();
        self.evidence_with(chip, &keys)
    }

    /// As [`Reader::evidence`], with access data of the attacker's.
    pub fn evidence_with(&self, chip: &mut SimulatedLink, keys: &[AccessKey]) -> Evidence {
        let (mut rng, mut ignore) = (rng(), |_| ());
        let application = self.application();
        let mut terminal = Terminal::new(chip, &mut rng, Policy::default(), &mut ignore)
            .for_application(application);
        let card_access = terminal
            .card_access()
            .unwrap()
            .map(|file| file.raw().to_vec());
        terminal.open(keys).unwrap();
        let sod = terminal.read(application.ef_sod()).unwrap().to_vec();
        let hashes = Sod::parse(&sod).unwrap().security_object().hashes.clone();
        let mut group = |group: DataGroup| {
            hashes.contains_key(&group).then(|| {
                terminal
                    .read(application.data_group(group))
                    .unwrap()
                    .to_vec()
            })
        };
        let (key_group, identity_group) = match application {
            Application::TravelDocument => (DataGroup::DG15, DataGroup::DG1),
            Application::DrivingLicence => (DataGroup::DG13, DataGroup::DG12),
        };
        let (dg14, key) = (group(DataGroup::DG14), group(key_group));
        let identity_file = if dg14.is_none() {
            group(identity_group)
        } else {
            None
        };
        let signature = key.as_ref().map(|key| {
            let key = Dg15::parse(key).unwrap();
            let length = match VerifyingKey::from_spki(key.public_key_info()).unwrap() {
                VerifyingKey::Rsa(key) => key.modulus_len(),
                _ => 1,
            };
            terminal
                .active_authentication(&self.binding().rnd_ifd(&sod).unwrap(), length)
                .unwrap()
        });
        let limits = terminal.limits();
        let (dg15, dg13) = match application {
            Application::TravelDocument => (key, None),
            Application::DrivingLicence => (None, key),
        };
        Evidence {
            card_access: card_access.map(file),
            sod: file(sod),
            dg14: dg14.map(file),
            dg15: dg15.map(file),
            dg13: dg13.map(file),
            identity_file: identity_file.map(file),
            active_authentication: signature.map(|signature| ActiveAuthentication {
                signature: Octets::new(signature).unwrap(),
            }),
            link: Link {
                sfi: true,
                max_command: limits.max_command as u32,
                max_response: limits.max_response as u32,
            },
            transcript: Transcript {
                apdus: 0,
                bytes: 0,
                ms: 0,
                reader: "Simulated".into(),
                retries: 0,
            },
            access_protocol: None,
        }
    }

    /// Seals a message to the request.
    pub fn seal<T: Sealable>(&self, message: &T) -> String {
        jwe::seal(
            message,
            &self.request.claims().enc,
            self.request.hash(),
            &mut rng(),
        )
        .unwrap()
    }

    /// Checks the server's command as a daemon does.
    pub fn command(&self, compact: &str, sealed: &str) -> chip_authentication::Claims {
        let conversation = Conversation {
            server: &self.server,
            request: &self.request,
            evidence: sealed_hash(sealed),
            now: self.now,
            elapsed: 0,
        };
        let command = Command::verify(compact, &conversation).unwrap();
        let commands = command
            .claims()
            .commands
            .iter()
            .map(|c| c.as_slice().to_vec())
            .collect();
        ReadCommands::new(commands, self.request.claims().document, SfiReading::Works).unwrap();
        command.claims().clone()
    }

    /// Hands the chip P' and the commands, and returns its answers.
    pub fn chip_authentication(
        &self,
        chip: &mut SimulatedLink,
        evidence: &Evidence,
        claims: &chip_authentication::Claims,
    ) -> ChipAuthenticationResult {
        let keys = self.keys();
        self.chip_authentication_with(chip, evidence, claims, &keys)
    }

    /// As [`Reader::chip_authentication`], with access data of the attacker's.
    pub fn chip_authentication_with(
        &self,
        chip: &mut SimulatedLink,
        evidence: &Evidence,
        claims: &chip_authentication::Claims,
        keys: &[AccessKey],
    ) -> ChipAuthenticationResult {
        let dg14_bytes = evidence.dg14.as_ref().unwrap().as_slice();
        let dg14 = Dg14::parse(dg14_bytes).unwrap();
        let oid = claims.oid.as_str().parse().unwrap();
        let protocol = ChipAuthenticationProtocol::from_oid(&oid).unwrap();
        let option = dg14
            .security_infos()
            .chip_authentication_options()
            .into_iter()
            .find(|option| option.protocol == protocol)
            .unwrap();
        let chip_key = option.key.public_key().unwrap();
        let public = PublicKey::from_bytes(chip_key.group(), claims.public_key.as_slice()).unwrap();
        let tweak = self
            .binding()
            .chip_authentication_tweak(evidence.sod.as_slice(), dg14_bytes, public.as_bytes())
            .unwrap();
        let bound = public.tweak(tweak.as_slice()).unwrap();
        let (mut rng, mut ignore) = (rng(), |_| ());
        let mut terminal = Terminal::new(chip, &mut rng, Policy::default(), &mut ignore)
            .for_application(self.application());
        terminal.open(keys).unwrap();
        let commands: Vec<Vec<u8>> = claims
            .commands
            .iter()
            .map(|c| c.as_slice().to_vec())
            .collect();
        let answers = terminal
            .remote_chip_authentication(protocol, option.key.key_id, &bound, &commands)
            .unwrap();
        ChipAuthenticationResult {
            status_words: answers
                .iter()
                .map(|answer| StatusWord(answer.status.0))
                .collect(),
            responses: answers
                .into_iter()
                .map(|answer| Octets::new(answer.data).unwrap())
                .collect(),
        }
    }
}

pub fn file(bytes: Vec<u8>) -> File {
    Octets::new(bytes).unwrap()
}

/// A document on the reader.
pub fn lay(profile: Profile) -> SimulatedLink {
    link(profile.chip(profile.name().as_bytes()).unwrap())
}

pub fn link(chip: Chip) -> SimulatedLink {
    SimulatedLink::new(chip)
}
