//! Certificates, revocation lists, master lists and what is signed with them.

use icao::crypto::signature::VerifyingKey;
use icao::pki::certificate::{AlgorithmIdentifier, KeyUsage};
use icao::pki::signature::describe;
use icao::pki::signed_data::SignerIdentifier;
use icao::pki::{Certificate, MasterList, RevocationList, SignedData};
use icao::tolerance::Tolerances;

use super::{Sheet, hexadecimal, value};

/// Most entries shown of one list.
const MAX_ENTRIES: usize = 2000;

pub(super) fn certificate(sheet: &mut Sheet, certificate: &Certificate) {
    sheet.line("certificate");
    sheet.inside(|sheet| {
        sheet.field("SHA-256", certificate.fingerprint());
        sheet.field("subject", certificate.subject());
        sheet.field("issuer", certificate.issuer());
        sheet.field("serial number", hexadecimal(certificate.serial()));
        sheet.field(
            "valid",
            format_args!(
                "{} to {}",
                certificate.not_before(),
                certificate.not_after()
            ),
        );
        match VerifyingKey::from_spki(certificate.public_key_info()) {
            Ok(key) => sheet.field("public key", key),
            Err(error) => sheet.field("public key", format_args!("not usable: {error}")),
        }
        sheet.field("signed by", algorithm(certificate.signature_algorithm()));
        extensions(sheet, certificate);
        tolerances(sheet, certificate.tolerances());
    });
}

fn extensions(sheet: &mut Sheet, certificate: &Certificate) {
    let extensions = certificate.extensions();
    if let Some(id) = &extensions.subject_key_id {
        sheet.field("subject key", hexadecimal(id));
    }
    if let Some(id) = &extensions.authority_key_id.key_id {
        sheet.field("authority key", hexadecimal(id));
    }
    if let Some(usage) = extensions.key_usage {
        sheet.field("key usage", usages(usage));
    }
    if let Some(basic) = extensions.basic_constraints {
        let depth = basic
            .path_len
            .map_or_else(String::new, |len| format!(", path length {len}"));
        let what = if basic.ca { "yes" } else { "no" };
        sheet.field("certification authority", format_args!("{what}{depth}"));
    }
    if let Some(period) = extensions.private_key_usage {
        let time = |time: Option<icao::pki::UnixTime>| {
            time.map_or_else(|| "open".to_owned(), |time| time.to_string())
        };
        sheet.field(
            "private key used",
            format_args!("{} to {}", time(period.not_before), time(period.not_after)),
        );
    }
    for purpose in &extensions.extended_key_usage {
        let name = match purpose.to_string().as_str() {
            "2.23.136.1.1.3" => " (master lists)",
            "2.23.136.1.1.8" => " (deviation lists)",
            "2.23.136.1.1.11.1" => " (visible digital seals)",
            _ => "",
        };
        sheet.field("extended key usage", format_args!("{purpose}{name}"));
    }
    if !extensions.document_types.is_empty() {
        sheet.field("document types", extensions.document_types.join(" "));
    }
    for critical in &extensions.unknown_critical {
        sheet.field("unknown and critical", critical);
    }
}

fn usages(usage: KeyUsage) -> String {
    let names = [
        (usage.digital_signature(), "signatures over data"),
        (usage.key_cert_sign(), "signing certificates"),
        (usage.crl_sign(), "signing revocation lists"),
    ];
    let named: Vec<&str> = names
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
    if named.is_empty() {
        "none of a CSCA's or document signer's".to_owned()
    } else {
        named.join(", ")
    }
}

/// What an identifier says, in words where it is known.
fn algorithm(algorithm: &AlgorithmIdentifier) -> String {
    describe(algorithm).unwrap_or_else(|| match &algorithm.parameters {
        Some(parameters) => format!("{} {}", algorithm.oid, value(parameters)),
        None => algorithm.oid.to_string(),
    })
}

pub(super) fn tolerances(sheet: &mut Sheet, met: &Tolerances) {
    for tolerance in met.as_slice() {
        sheet.field("deviation", tolerance);
    }
}

pub(super) fn revocation_list(sheet: &mut Sheet, list: &RevocationList) {
    sheet.line("revocation list");
    sheet.inside(|sheet| {
        sheet.field("SHA-256", list.fingerprint());
        sheet.field("issuer", list.issuer());
        sheet.field("made", list.this_update());
        match list.next_update() {
            Some(next) => sheet.field("next update", next),
            None => sheet.field("next update", "not said"),
        }
        if let Some(id) = &list.authority_key_id().key_id {
            sheet.field("authority key", hexadecimal(id));
        }
        sheet.field("signed by", algorithm(list.signature_algorithm()));
        sheet.field("revoked", list.len());
        sheet.inside(|sheet| {
            for (serial, revocation) in list.entries().take(MAX_ENTRIES) {
                let reason = revocation
                    .reason
                    .map_or_else(String::new, |reason| format!(", reason {reason}"));
                sheet.line(format_args!(
                    "{} since {}{reason}",
                    hexadecimal(serial),
                    revocation.since
                ));
            }
        });
        tolerances(sheet, list.tolerances());
    });
}

pub(super) fn master_list(sheet: &mut Sheet, list: &MasterList) {
    sheet.line("master list");
    sheet.inside(|sheet| {
        match list.signed_data() {
            Some(signed) => signer(sheet, signed),
            None => sheet.field("signed", "no"),
        }
        sheet.field("certificates", list.certificates().len());
        sheet.inside(|sheet| {
            for certificate in list.certificates() {
                sheet.line(format_args!(
                    "{} {} ({} to {})",
                    certificate.fingerprint(),
                    certificate.subject(),
                    certificate.not_before(),
                    certificate.not_after()
                ));
            }
        });
        if list.malformed() > 0 {
            sheet.field("malformed elements", list.malformed());
        }
        tolerances(sheet, list.tolerances());
    });
}

/// Who signed, how, and the certificates that came along.
pub(super) fn signer(sheet: &mut Sheet, signed: &SignedData) {
    let signer = signed.signer();
    sheet.field("content type", signed.content_type());
    match &signer.identifier {
        SignerIdentifier::IssuerAndSerialNumber { issuer, serial } => sheet.field(
            "signer",
            format_args!("issued by {issuer}, serial number {}", hexadecimal(serial)),
        ),
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            sheet.field("signer", format_args!("subject key {}", hexadecimal(id)));
        }
    }
    sheet.field("digest", algorithm(&signer.digest_algorithm));
    sheet.field("signed by", algorithm(&signer.signature_algorithm));
    match &signer.signed_attributes {
        None => sheet.field("signed attributes", "none"),
        Some(attributes) => {
            if let Some(time) = attributes.signing_time() {
                sheet.field("signing time", time);
            }
            sheet.field("message digest", hexadecimal(attributes.message_digest()));
        }
    }
    for der in signed.certificates() {
        match Certificate::parse(der) {
            Ok(parsed) => certificate(sheet, &parsed),
            Err(error) => sheet.field("certificate", format_args!("malformed: {error}")),
        }
    }
}
