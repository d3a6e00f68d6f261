//! ECDSA signatures in the encodings that documents have, and the pairs of integers they share with DSA.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::{SignatureError, SignatureTolerance};
use crate::curve::NamedCurve;
use crate::weierstrass::{EcdsaEngine, OwnEcdsaEngine, PreparedKey, is_on_curve};

/// The implementation that a program has put in the place of this crate's own.
static ENGINE: OnceLock<&'static dyn EcdsaEngine> = OnceLock::new();

/// Has all ECDSA signatures checked by another implementation from now on, for the whole process: for a server that has a faster
/// one for some curve. It must say the same of every signature.
///
/// # Errors
/// The engine itself, if one was put in place before: it stays.
pub fn use_ecdsa_engine(engine: &'static dyn EcdsaEngine) -> Result<(), &'static dyn EcdsaEngine> {
    ENGINE.set(engine)
}

fn engine() -> &'static dyn EcdsaEngine {
    ENGINE.get().copied().unwrap_or(&OwnEcdsaEngine)
}

/// A point on a named curve, which is a valid public key since the cofactor is 1.
///
/// A key that verifies a second signature is prepared for many: the one of a CSCA verifies all of its signers, the one of a
/// document nothing but itself. Clones share what was prepared.
#[derive(Clone)]
pub struct EcPublicKey {
    curve: NamedCurve,
    point: Vec<u8>,
    prepared: Arc<Prepared>,
}

#[derive(Default)]
struct Prepared {
    used: AtomicBool,
    key: OnceLock<Option<Box<dyn PreparedKey>>>,
}

impl PartialEq for EcPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve == other.curve && self.point == other.point
    }
}

impl Eq for EcPublicKey {}

impl EcPublicKey {
    /// `None` unless the point is `04 || X || Y` of exact length on the curve. Compressed points are refused: Doc 9303-12
    /// 4.4 asks for uncompressed ones.
    pub fn new(curve: NamedCurve, point: &[u8]) -> Option<Self> {
        let (4, coordinates) = point.split_first()? else {
            return None;
        };
        let (x, y) = coordinates.split_at_checked(curve.field_len())?;
        let valid = y.len() == x.len() && is_on_curve(curve, x, y);
        valid.then(|| Self {
            curve,
            point: point.to_vec(),
            prepared: Arc::default(),
        })
    }

    /// The curve.
    pub fn curve(&self) -> NamedCurve {
        self.curve
    }

    /// The point as `04 || X || Y`.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// Tries the readings of `signature`, the due encoding first.
    pub(super) fn verify(
        &self,
        due: Encoding,
        prehash: &[u8],
        signature: &[u8],
    ) -> Result<Option<SignatureTolerance>, SignatureError> {
        let (x, y) = self
            .point
            .get(1..)
            .unwrap_or_default()
            .split_at(self.curve.field_len());
        let again = self.prepared.used.swap(true, Ordering::Relaxed);
        let prepare = || engine().prepare(self.curve, x, y);
        let prepared = again.then(|| self.prepared.key.get_or_init(prepare).as_deref());
        due.readings(signature, self.curve.order_len())
            .into_iter()
            .flatten()
            .find(|reading| match prepared {
                Some(Some(key)) => key.verify(prehash, reading.r, reading.s),
                _ => engine().verify(self.curve, x, y, prehash, reading.r, reading.s),
            })
            .map(|reading| reading.tolerance)
            .ok_or(SignatureError::Invalid)
    }
}

/// The key of a document identifies it: only the curve is shown.
impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPublicKey({})", self.curve)
    }
}

/// How r and s are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// SEQUENCE of two INTEGERs.
    Der,
    /// r || s, each as long as the order.
    Plain,
}

/// r and s as one way of reading a signature gives them.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) r: &'a [u8],
    pub(super) s: &'a [u8],
    pub(super) tolerance: Option<SignatureTolerance>,
}

impl Encoding {
    /// At most two readings: as the encoding that is due, then as the other one.
    fn readings<'a>(self, signature: &'a [u8], order_len: usize) -> [Option<Reading<'a>>; 2] {
        let der = Reading::der(signature);
        let plain = Reading::plain(signature, order_len);
        let instead = |reading: Option<Reading<'a>>, tolerance| {
            reading.map(|reading| Reading {
                tolerance: Some(tolerance),
                ..reading
            })
        };
        match self {
            Self::Der => [der, instead(plain, SignatureTolerance::PlainForDer)],
            Self::Plain => [plain, instead(der, SignatureTolerance::DerForPlain)],
        }
    }
}

impl<'a> Reading<'a> {
    /// SEQUENCE { r INTEGER, s INTEGER } with nothing after it. Integers are taken as unsigned, and their padding noted.
    pub(super) fn der(signature: &'a [u8]) -> Option<Self> {
        let (content, []) = element(0x30, signature)? else {
            return None;
        };
        let (r, rest) = element(0x02, content)?;
        let (s, []) = element(0x02, rest)? else {
            return None;
        };
        let tolerance = [r, s].into_iter().find_map(|integer| match integer {
            [0, next, ..] if next & 0x80 == 0 => Some(SignatureTolerance::PaddedInteger),
            [first, ..] if first & 0x80 != 0 => Some(SignatureTolerance::NegativeInteger),
            _ => None,
        });
        Some(Self { r, s, tolerance })
    }

    fn plain(signature: &'a [u8], order_len: usize) -> Option<Self> {
        let half = signature.len() / 2;
        let (r, s) = signature.split_at(half);
        if r.is_empty() || r.len() != s.len() {
            return None;
        }
        let tolerance = (half != order_len).then_some(SignatureTolerance::UnevenLength);
        Some(Self { r, s, tolerance })
    }
}

/// The content of the element with this tag at the front, in DER length form, and what follows it.
fn element(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match input {
        [first, length @ 0..=0x7F, rest @ ..] if *first == tag => (*length, rest),
        [first, 0x81, length @ 0x80..=0xFF, rest @ ..] if *first == tag => (*length, rest),
        _ => return None,
    };
    rest.split_at_checked(usize::from(length))
}
