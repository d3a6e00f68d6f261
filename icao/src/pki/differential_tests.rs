//! Every signature of the corpus judged by OpenSSL too, and every signed object read by the `cms` crate: where both have an
//! opinion it is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use cms::content_info::ContentInfo;
use der::{Decode, Encode};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Crl, X509StoreContext};

use super::signature::Readings;
use super::*;
use crate::corpus::{self, Corpus};
use crate::lds::{CardSecurity, Sod};
use crate::passive_authentication::verify_signature;
use crate::tolerance::{Tolerance, Tolerances};

/// The time at which the corpus is judged, 2026-09-01.
const TIME: UnixTime = UnixTime(1_788_220_800);

#[derive(Debug, Default)]
struct Count {
    agree: usize,
    refused: BTreeMap<String, usize>,
    disagree: Vec<String>,
}

/// What OpenSSL says of a signature.
enum Opinion {
    Good,
    Bad,
    /// It has none, for this reason.
    None(String),
}

impl Count {
    fn add(&mut self, what: &str, ours: bool, theirs: Opinion) {
        match theirs {
            Opinion::Good if ours => self.agree += 1,
            Opinion::Bad if !ours => self.agree += 1,
            Opinion::None(why) => *self.refused.entry(why).or_default() += 1,
            _ => self.disagree.push(what.to_owned()),
        }
    }

    fn print(&self, what: &str) {
        let refused: usize = self.refused.values().sum();
        println!(
            "{what}: agree {}, refused by OpenSSL {refused}, disagree {}",
            self.agree,
            self.disagree.len()
        );
        for (why, count) in &self.refused {
            println!("    {count:5} {why}");
        }
    }
}

/// The last word of an error stack.
fn why(errors: &ErrorStack) -> String {
    let last = errors.errors().first();
    last.and_then(|error| error.reason())
        .unwrap_or("no reason given")
        .to_owned()
}

/// OpenSSL answers 0 for a wrong signature and for one it cannot check; its queue of errors tells them apart.
fn opinion(result: Result<bool, ErrorStack>) -> Opinion {
    /// What it says of the padding of RSA signatures that do not verify.
    const WRONG: [&str; 12] = [
        "bad signature",
        "invalid padding",
        "padding check failed",
        "block type is not 01",
        "bad fixed header decrypt",
        "wrong signature length",
        "data too large for modulus",
        "first octet invalid",
        "last octet invalid",
        "salt length check failed",
        "salt length recovery failed",
        "invalid message length",
    ];
    match result {
        Ok(true) => Opinion::Good,
        Ok(false) => {
            let errors = ErrorStack::get();
            let wrong = errors.errors().is_empty()
                || errors
                    .errors()
                    .iter()
                    .any(|error| error.reason().is_some_and(|reason| WRONG.contains(&reason)));
            if wrong {
                Opinion::Bad
            } else {
                Opinion::None(why(&errors))
            }
        }
        Err(errors) => Opinion::None(why(&errors)),
    }
}

fn certificates(corpus: &Corpus, path: &str) -> Vec<Certificate> {
    encoding::objects(&corpus.file(path))
        .map(|object| Certificate::parse(&object.unwrap()).unwrap())
        .collect()
}

fn store(corpus: &Corpus) -> CscaStore {
    let mut anchors = Anchors::new(&[DocumentKind::TravelDocument]);
    for object in encoding::objects(&corpus.file("csca/csca_ml_915.pem")) {
        anchors.add(&object.unwrap()).unwrap();
    }
    anchors.into_store().0
}

/// Whether OpenSSL finds the signature of `der` good under the key of `issuer`.
fn signature(der: &[u8], issuer: &[u8]) -> Opinion {
    let parsed = X509::from_der(der).and_then(|certificate| {
        let key = X509::from_der(issuer)?.public_key()?;
        Ok((certificate, key))
    });
    match parsed {
        Ok((certificate, key)) => opinion(certificate.verify(&key)),
        Err(errors) => Opinion::None(why(&errors)),
    }
}

/// Why OpenSSL refuses the path from `issuer`, valid at the time the certificate begins.
fn path(certificate: &Certificate, issuer: &[u8]) -> Result<(), String> {
    let run = || -> Result<Result<(), String>, ErrorStack> {
        let target = X509::from_der(certificate.raw())?;
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(X509::from_der(issuer)?)?;
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN | X509VerifyFlags::NO_CHECK_TIME)?;
        let store = store.build();
        let chain = Stack::new()?;
        let mut context = X509StoreContext::new()?;
        context.init(&store, &target, &chain, |context| {
            Ok(if context.verify_cert()? {
                Ok(())
            } else {
                Err(context.error().error_string().to_owned())
            })
        })
    };
    run().unwrap_or_else(|errors| Err(why(&errors)))
}

#[test]
fn openssl_agrees_wherever_it_has_an_opinion() {
    let Some(corpus) = corpus::open("signatures for OpenSSL") else {
        return;
    };
    let store = store(&corpus);
    let kind = DocumentKind::TravelDocument;
    let mut signatures = Count::default();
    let mut altered = Count::default();
    let mut paths = Count::default();
    for file in ["csca/csca_ml_915.pem", "dsc/dsc_sample.pem"] {
        for certificate in certificates(&corpus, file) {
            let state = certificate.issuer().country();
            let state = state.unwrap_or(IssuingState::UNSTATED);
            let issued = store.issuer_of(kind, state, &certificate, TIME, Readings::Stated);
            // The parents of two link certificates are in no list.
            let Ok(issued) = issued else { continue };
            let issuer = issued.anchor.certificate().raw();
            let name = format!("{} {certificate:?}", certificate.fingerprint());
            signatures.add(&name, true, signature(certificate.raw(), issuer));
            let refused = path(&certificate, issuer);
            paths.add(
                &name,
                true,
                refused.map_or_else(Opinion::None, |()| Opinion::Good),
            );

            let mut changed = certificate.raw().to_vec();
            let last = changed.len() - 1;
            changed[last] ^= 1;
            let ours = Certificate::parse(&changed).is_ok_and(|changed| {
                let readings = Readings::Lenient;
                store
                    .issuer_of(kind, state, &changed, TIME, readings)
                    .is_ok()
            });
            assert!(!ours, "{name}");
            altered.add(&name, ours, signature(&changed, issuer));
        }
    }
    signatures.print("signatures of certificates");
    altered.print("the same with one bit altered");
    paths.print("paths of certificates");
    for count in [&signatures, &altered, &paths] {
        assert!(count.disagree.is_empty(), "{:?}", count.disagree);
    }
    assert!(signatures.agree > 1000 && altered.agree > 1000 && paths.agree > 500);
}

#[test]
fn openssl_agrees_on_lists_and_signed_objects() {
    let Some(corpus) = corpus::open("signed objects for OpenSSL") else {
        return;
    };
    let store = store(&corpus);
    let kind = DocumentKind::TravelDocument;
    let mut lists = Count::default();
    for (name, der) in corpus.files("crl") {
        if !name.ends_with(".crl") {
            continue;
        }
        let list = RevocationList::parse(&der).unwrap();
        let state = list.issuer().country().unwrap();
        let issued = store.issuer_of_list(kind, state, &list).unwrap();
        let theirs = X509Crl::from_der(&der).and_then(|list| {
            let issuer = X509::from_der(issued.anchor.certificate().raw())?;
            Ok((list, issuer.public_key()?))
        });
        let theirs = match theirs {
            Ok((list, key)) => opinion(list.verify(&key)),
            Err(errors) => Opinion::None(why(&errors)),
        };
        lists.add(&name, true, theirs);
    }
    lists.print("revocation lists");
    assert!(lists.disagree.is_empty(), "{:?}", lists.disagree);

    let mut objects = Count::default();
    let mut readings = Count::default();
    for (name, der, signed) in signed_objects(&corpus) {
        let mut met = Tolerances::new();
        let ours = verify_signature(&signed, TIME, &Policy::field(), &mut met).is_ok();
        // One deviation that is tolerated here by name, OpenSSL calls a wrong signature; any other it must take for what it is.
        let without_null = met.contains(Tolerance::DigestInfoWithoutNull);
        let theirs = match by_openssl(&der) {
            Opinion::Bad if ours && without_null => {
                Opinion::None(Tolerance::DigestInfoWithoutNull.name().to_owned())
            }
            theirs => theirs,
        };
        objects.add(&name, ours, theirs);
        readings.add(&name, true, by_cms_crate(&der, &signed));
    }
    objects.print("signed objects");
    readings.print("signed objects, as the cms crate reads them");
    let named = [Tolerance::DigestInfoWithoutNull.name()];
    assert!(objects.refused.keys().eq(named), "{:?}", objects.refused);
    for count in [&objects, &readings] {
        assert!(count.disagree.is_empty(), "{:?}", count.disagree);
        assert!(count.agree > 5);
    }
}

/// EF.SODs, whole and altered, EF.CardSecurity and master lists: the ContentInfo of each, and how it is read here.
fn signed_objects(corpus: &Corpus) -> Vec<(String, Vec<u8>, SignedData)> {
    let mut found = Vec::new();
    for folder in ["lds/sod", "lds/negative"] {
        for (name, file) in corpus.files(folder) {
            if let Ok(sod) = Sod::parse(&file) {
                let content = crate::tlv::Tlv::split(&file).unwrap().0.value.to_vec();
                found.push((name, content, sod.signed_data().clone()));
            }
        }
    }
    for (name, file) in corpus.files("lds/cardsecurity") {
        let signed = CardSecurity::parse(&file).unwrap().signed_data().clone();
        found.push((name, file, signed));
    }
    for (name, file) in corpus.files("masterlists") {
        if let Ok(signed) = SignedData::parse(&file) {
            found.push((name, file, signed));
        }
    }
    found
}

/// The signature by the certificate that came along, whoever issued that.
fn by_openssl(der: &[u8]) -> Opinion {
    let run = || -> Result<(), ErrorStack> {
        let mut cms = CmsContentInfo::from_der(der)?;
        let flags = CMSOptions::NO_SIGNER_CERT_VERIFY | CMSOptions::BINARY;
        cms.verify(None, None, None, None, flags)
    };
    match run() {
        Ok(()) => Opinion::Good,
        Err(errors) => {
            let mut reasons = errors.errors().iter().filter_map(|error| error.reason());
            let wrong = [
                "verification failure",
                "bad signature",
                "messagedigest wrong length",
            ];
            if reasons.clone().any(|reason| wrong.contains(&reason)) {
                Opinion::Bad
            } else {
                Opinion::None(reasons.next_back().unwrap_or("no reason given").to_owned())
            }
        }
    }
}

/// Whether the `cms` crate finds the same content, digest and signature in it.
fn by_cms_crate(der: &[u8], ours: &SignedData) -> Opinion {
    let parsed = ContentInfo::from_der(der)
        .and_then(|info| info.content.decode_as::<cms::signed_data::SignedData>());
    let theirs = match parsed {
        Ok(theirs) => theirs,
        Err(error) => return Opinion::None(error.kind().to_string()),
    };
    let content = theirs
        .encap_content_info
        .econtent
        .as_ref()
        .map(|content| content.value().to_vec());
    let signer = theirs.signer_infos.0.iter().next().unwrap();
    let digest = signer.digest_alg.oid;
    let same = content.as_deref() == Some(ours.content())
        && theirs.encap_content_info.econtent_type == ours.content_type()
        && theirs.signer_infos.0.len() == 1
        && signer.signature.as_bytes() == ours.signer().signature
        && digest == ours.signer().digest_algorithm.oid
        && signer.signature_algorithm.oid == ours.signer().signature_algorithm.oid
        && signer.signed_attrs.is_some() == ours.signer().signed_attributes.is_some();
    let certificates = theirs
        .certificates
        .map_or(0, |certificates| certificates.0.len());
    if same && certificates == ours.certificates().len() && theirs.version.to_der().is_ok() {
        Opinion::Good
    } else {
        Opinion::Bad
    }
}
