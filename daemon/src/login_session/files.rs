//! The files of a document that prove it, and what they say of the key that a server asks for.

use icao::chip_authentication::strongest;
use icao::crypto::key_agreement::PublicKey;
use icao::lds::security_info::{ChipAuthenticationProtocol, KeyId};
use icao::lds::sod::{HashMatch, Sod};
use icao::lds::{CardAccess, DataGroup, Dg14, Dg15};
use icao::pki::DocumentKind;
use icao::terminal::Terminal;
use icao::verifier::authentication_key_group;
use protocol::chip_authentication::Command;
use protocol::error::Code;
use protocol::request::Document;

use super::Stop;

/// The files of one document that prove it, as read and parsed.
pub(super) struct Files {
    pub(super) card_access: Option<CardAccess>,
    pub(super) sod: Sod,
    pub(super) dg14: Option<Dg14>,
    /// The key of Active Authentication: DG15, or DG13 of a licence, which has the same form.
    pub(super) authentication_key: Option<Dg15>,
}

/// What the chip library calls this kind of document.
pub(super) fn kind(document: Document) -> DocumentKind {
    match document {
        Document::Passport => DocumentKind::TravelDocument,
        Document::IdentityCard => DocumentKind::IdentityCard,
        Document::DrivingLicence => DocumentKind::DrivingLicence,
    }
}

impl Files {
    /// Reads the files that prove a document: those of EF.SOD's list that hold keys, and no other.
    pub(super) fn read(terminal: &mut Terminal<'_>, document: Document) -> Result<Self, Stop> {
        let card_access = terminal.card_access()?.cloned();
        let application = terminal.application();
        let sod = terminal.read(application.ef_sod())?;
        let sod = Sod::parse(&sod).map_err(|error| malformed("EF.SOD", &error))?;
        let listed = |group| sod.security_object().hashes.contains_key(&group);
        let dg14 = match listed(DataGroup::DG14) {
            true => Some(terminal.read(application.data_group(DataGroup::DG14))?),
            false => None,
        };
        let key_group = authentication_key_group(kind(document));
        let authentication_key = match listed(key_group) {
            true => Some(terminal.read(application.data_group(key_group))?),
            false => None,
        };
        let dg14 = dg14
            .map(|file| Dg14::parse(&file))
            .transpose()
            .map_err(|error| malformed("DG14", &error))?;
        let authentication_key = authentication_key
            .map(|file| Dg15::parse(&file))
            .transpose()
            .map_err(|error| malformed("the key of Active Authentication", &error))?;
        Ok(Self {
            card_access,
            sod,
            dg14,
            authentication_key,
        })
    }

    /// Protocol and key that the server named, if DG14 offers just these, and DG14 is what EF.SOD lists and no less than
    /// EF.CardAccess promised.
    pub(super) fn agreed_key(
        &self,
        dg14: &Dg14,
        command: &Command,
    ) -> Result<(ChipAuthenticationProtocol, Option<KeyId>, PublicKey), Stop> {
        let claims = command.claims();
        match self
            .sod
            .security_object()
            .verify(DataGroup::DG14, dg14.raw())
        {
            HashMatch::Equal | HashMatch::EqualWithoutPadding => {}
            HashMatch::Different | HashMatch::NotListed => {
                return Err(Code::FilesInconsistent.into());
            }
        }
        // A list that offers no PACE is worth what a missing one is: the chip was opened by BAC, and the server notes it.
        if let Some(card_access) = &self.card_access
            && card_access.security_infos().offers_pace()
            && dg14
                .security_infos()
                .bear_out_pace(card_access.security_infos())
                == Some(false)
        {
            return Err(Code::FilesInconsistent.into());
        }
        let options = dg14.security_infos().chip_authentication_options();
        let option = options
            .into_iter()
            .find(|option| {
                option.protocol.oid().to_string() == claims.oid.as_str()
                    && option.key.key_id.map(|id| id.0) == claims.key_id
            })
            .ok_or(Code::ChipAuthenticationMismatch)?;
        let key = option
            .key
            .public_key()
            .map_err(|_| Code::ChipAuthenticationMismatch)?;
        Ok((option.protocol, option.key.key_id, key))
    }
}

fn malformed(file: &'static str, error: &dyn std::fmt::Display) -> Stop {
    tracing::info!(file, %error, "the file breaks the standard");
    Code::FileMalformed.into()
}

/// The strongest key of Chip Authentication that this program can use.
pub(super) fn chip_key(dg14: &Dg14) -> Option<PublicKey> {
    strongest(&dg14.security_infos().chip_authentication_options()).map(|(_, key)| key)
}
