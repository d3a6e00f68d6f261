//! EF.SOD and EF.CardSecurity, made in stages, each of which a case can change before the next one is built on it:
//!
//! ```text
//! object       the signed content
//! tbs          the signer's certificate before the CSCA signs it
//! certificate  the same afterwards
//! attributes   the signed attributes (a SET) before the signer signs them
//! signer       the SignerInfo
//! data         the SignedData
//! file         all of it
//! ```
//!
//! So only the intended fault remains: what comes later is made over what was changed.

use anyhow::{Context as _, Result, bail};
use icao::simulator::{Csca, DocumentSigner, SecurityObject};
use icao::tlv::{self, Reader};

use crate::edit::{self, Edit};

/// The stages, as the cases name them behind the file.
const STAGES: [&str; 7] = [
    "object",
    "tbs",
    "certificate",
    "attributes",
    "signer",
    "data",
    "file",
];

/// Where a CMS ContentInfo has its SignedData.
const SIGNED_DATA: &str = "0.1.0";

/// The changes to one signed file.
pub struct Stages<'a> {
    file: &'a str,
    edits: &'a [Edit],
}

impl<'a> Stages<'a> {
    /// Those of `edits` that concern `file`.
    ///
    /// # Errors
    /// If one of them names no stage.
    pub fn of(file: &'a str, edits: &'a [Edit]) -> Result<Self> {
        for edit in edits {
            if let Some((of, stage)) = edit.at.split_once('.')
                && of == file
                && !STAGES.contains(&stage)
            {
                bail!("no stage {}", edit.at);
            }
        }
        Ok(Self { file, edits })
    }

    fn concern(&self, stage: &str) -> bool {
        self.named(stage).next().is_some()
    }

    fn named(&self, stage: &str) -> impl Iterator<Item = &Edit> {
        self.edits
            .iter()
            .filter(move |edit| edit.at.split_once('.') == Some((self.file, stage)))
    }

    fn apply(&self, stage: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
        self.named(stage)
            .try_fold(bytes, |bytes, edit| edit.apply(&bytes))
    }

    /// The signer's certificate with its changes.
    fn certificate(&self, csca: &Csca, signer: &DocumentSigner) -> Result<Vec<u8>> {
        let made = signer.to_der()?;
        if !self.concern("tbs") {
            return self.apply("certificate", made);
        }
        let tbs = self.apply("tbs", edit::object(&made, "0.0")?.raw.to_vec())?;
        let signature = [&[0][..], &csca.key().signature(&tbs)?].concat();
        let algorithm = edit::object(&made, "0.1")?.raw;
        let certificate = [&tbs, algorithm, &tlv::encode(0x03, &signature)].concat();
        self.apply("certificate", tlv::encode(0x30, &certificate))
    }

    /// Signs `content`, stage by stage; `wrapped` in a data object of this tag, as EF.SOD is.
    ///
    /// # Errors
    /// If a change does not find what it changes.
    pub fn seal(
        &self,
        object: &SecurityObject,
        csca: &Csca,
        signer: &DocumentSigner,
        wrapped: Option<u32>,
    ) -> Result<Vec<u8>> {
        let content = self.apply("object", object.content().to_vec())?;
        let info = object.clone().with_content(content).sign(signer)?;
        let mut data: Vec<Vec<u8>> = Reader::new(edit::object(&info, SIGNED_DATA)?.value)
            .map(|member| Ok(member?.raw.to_vec()))
            .collect::<Result<_>>()?;
        let certificate = self.certificate(csca, signer)?;
        *data.get_mut(3).context("no certificates")? = tlv::encode(0xA0, &certificate);

        let signer_infos = data.get_mut(4).context("no signers")?;
        let mut members: Vec<Vec<u8>> = Reader::new(edit::object(signer_infos, "0.0")?.value)
            .map(|member| Ok(member?.raw.to_vec()))
            .collect::<Result<_>>()?;
        if self.concern("tbs") {
            follow_certificate(&mut members, &certificate);
        }
        if self.concern("attributes") {
            let set = tlv::encode(
                0x31,
                edit::object(members.get(3).context("none")?, "0")?.value,
            );
            let set = self.apply("attributes", set)?;
            let signature = signer.key().signature(&set)?;
            let attributes = edit::object(&set, "0")?.value;
            *members.get_mut(3).context("none")? = tlv::encode(0xA0, attributes);
            *members.get_mut(5).context("none")? = tlv::encode(0x04, &signature);
        }
        let signer_info = self.apply("signer", tlv::encode(0x30, &members.concat()))?;
        *signer_infos = tlv::encode(0x31, &signer_info);

        let data = self.apply("data", tlv::encode(0x30, &data.concat()))?;
        let kind = edit::object(&info, "0.0")?.raw;
        let info = tlv::encode(0x30, &[kind, &tlv::encode(0xA0, &data)].concat());
        let file = match wrapped {
            Some(tag) => tlv::encode(tag, &info),
            None => info,
        };
        self.apply("file", file)
    }
}

/// Names issuer and serial number as the changed certificate has them, if it still has all its fields.
fn follow_certificate(members: &mut [Vec<u8>], certificate: &[u8]) {
    let field = |path: &str, tag: u32| {
        edit::object(certificate, path)
            .ok()
            .filter(|object| object.tag == tag)
            .map(|object| object.raw.to_vec())
    };
    // One that lacks a field has others in its places; the SignerInfo then names what it named before.
    let whole = edit::object(certificate, "0.0").is_ok_and(|tbs| tbs.children().count() == 8);
    if !whole {
        return;
    }
    let named = [field("0.0.3", 0x30), field("0.0.1", 0x02)];
    if let ([Some(issuer), Some(serial)], Some(identifier)) = (named, members.get_mut(1))
        && identifier.first() == Some(&0x30)
    {
        *identifier = tlv::encode(0x30, &[issuer, serial].concat());
    }
}
