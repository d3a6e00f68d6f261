//! Scalar multiplication on the named curves with constant-time formulas. Points are SEC1 octets `04 || X || Y`, scalars
//! big-endian octets of the length of the order.

use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::sec1::{FromSec1Point, Sec1Point, ToSec1Point};
use elliptic_curve::{FieldBytes, Group as _, Scalar};
use primeorder::{AffinePoint, PrimeCurveParams, ProjectivePoint};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyAgreementError, own_curves};
use crate::curve::NamedCurve;

type Octets = Zeroizing<Vec<u8>>;

/// Runs `$run::<C>` with the type of the curve.
macro_rules! on_curve {
    ($curve:expr, $run:ident($($argument:expr),*)) => {
        match $curve {
            NamedCurve::P192 => $run::<own_curves::P192>($($argument),*),
            NamedCurve::P224 => $run::<own_curves::P224>($($argument),*),
            NamedCurve::P256 => $run::<p256::NistP256>($($argument),*),
            NamedCurve::P384 => $run::<p384::NistP384>($($argument),*),
            NamedCurve::P521 => $run::<p521::NistP521>($($argument),*),
            NamedCurve::BrainpoolP192r1 => $run::<own_curves::BrainpoolP192r1>($($argument),*),
            NamedCurve::BrainpoolP224r1 => $run::<own_curves::BrainpoolP224r1>($($argument),*),
            NamedCurve::BrainpoolP256r1 => $run::<bp256::BrainpoolP256r1>($($argument),*),
            NamedCurve::BrainpoolP320r1 => $run::<own_curves::BrainpoolP320r1>($($argument),*),
            NamedCurve::BrainpoolP384r1 => $run::<bp384::BrainpoolP384r1>($($argument),*),
            NamedCurve::BrainpoolP512r1 => $run::<own_curves::BrainpoolP512r1>($($argument),*),
        }
    };
}

/// Accepts only an uncompressed point on the curve.
pub(super) fn validate(curve: NamedCurve, point: &[u8]) -> Result<(), KeyAgreementError> {
    fn run<C: PrimeCurveParams>(point: &[u8]) -> Result<(), KeyAgreementError> {
        decode::<C>(point).map(|_| ())
    }
    on_curve!(curve, run(point))
}

/// Accepts only a scalar of full length in 1..n.
pub(super) fn check_scalar(curve: NamedCurve, k: &[u8]) -> Result<(), KeyAgreementError> {
    fn run<C: PrimeCurveParams>(k: &[u8]) -> Result<(), KeyAgreementError> {
        scalar::<C>(k).map(|_| ())
    }
    on_curve!(curve, run(k))
}

/// A number of at most 64 octets modulo n, not zero.
pub(super) fn reduce(curve: NamedCurve, number: &[u8]) -> Result<Octets, KeyAgreementError> {
    fn run<C: PrimeCurveParams>(number: &[u8]) -> Result<Octets, KeyAgreementError> {
        let mut sum = Zeroizing::new(Scalar::<C>::ZERO);
        let base = Scalar::<C>::from(256u64);
        for octet in number {
            *sum = *sum * base + Scalar::<C>::from(u64::from(*octet));
        }
        nonzero_octets::<C>(&sum)
    }
    if number.len() > 64 {
        return Err(KeyAgreementError::Degenerate);
    }
    on_curve!(curve, run(number))
}

/// k·G.
pub(super) fn multiply_base(curve: NamedCurve, k: &[u8]) -> Result<Octets, KeyAgreementError> {
    fn run<C: PrimeCurveParams>(k: &[u8]) -> Result<Octets, KeyAgreementError> {
        encode(ProjectivePoint::<C>::mul_by_generator(&*scalar::<C>(k)?))
    }
    on_curve!(curve, run(k))
}

/// k·P.
pub(super) fn multiply(
    curve: NamedCurve,
    k: &[u8],
    point: &[u8],
) -> Result<Octets, KeyAgreementError> {
    fn run<C: PrimeCurveParams>(k: &[u8], point: &[u8]) -> Result<Octets, KeyAgreementError> {
        encode(decode::<C>(point)? * *scalar::<C>(k)?)
    }
    on_curve!(curve, run(k, point))
}

/// k·G + P.
pub(super) fn multiply_base_and_add(
    curve: NamedCurve,
    k: &[u8],
    point: &[u8],
) -> Result<Octets, KeyAgreementError> {
    fn run<C: PrimeCurveParams>(k: &[u8], point: &[u8]) -> Result<Octets, KeyAgreementError> {
        encode(ProjectivePoint::<C>::mul_by_generator(&*scalar::<C>(k)?) + decode::<C>(point)?)
    }
    on_curve!(curve, run(k, point))
}

/// k·l modulo n.
pub(super) fn multiply_scalars(
    curve: NamedCurve,
    k: &[u8],
    l: &[u8],
) -> Result<Octets, KeyAgreementError> {
    fn run<C: PrimeCurveParams>(k: &[u8], l: &[u8]) -> Result<Octets, KeyAgreementError> {
        nonzero_octets::<C>(&Zeroizing::new(*scalar::<C>(k)? * *scalar::<C>(l)?))
    }
    on_curve!(curve, run(k, l))
}

fn scalar<C: PrimeCurveParams>(octets: &[u8]) -> Result<Zeroizing<Scalar<C>>, KeyAgreementError> {
    let mut repr = FieldBytes::<C>::default();
    if octets.len() != repr.len() {
        return Err(KeyAgreementError::InvalidSecretKey);
    }
    repr.copy_from_slice(octets);
    let scalar = Option::from(Scalar::<C>::from_repr(repr));
    repr.zeroize();
    scalar
        .map(Zeroizing::new)
        .filter(|scalar: &Zeroizing<Scalar<C>>| !bool::from(scalar.is_zero()))
        .ok_or(KeyAgreementError::InvalidSecretKey)
}

fn nonzero_octets<C: PrimeCurveParams>(scalar: &Scalar<C>) -> Result<Octets, KeyAgreementError> {
    if scalar.is_zero().into() {
        return Err(KeyAgreementError::Degenerate);
    }
    let mut repr = scalar.to_repr();
    let octets = Zeroizing::new(repr.to_vec());
    repr.zeroize();
    Ok(octets)
}

fn decode<C: PrimeCurveParams>(octets: &[u8]) -> Result<ProjectivePoint<C>, KeyAgreementError> {
    // SEC1 also knows compressed, hybrid and infinite points; documents must use the uncompressed form.
    if octets.first() != Some(&4) {
        return Err(KeyAgreementError::InvalidPublicKey);
    }
    let point =
        Sec1Point::<C>::from_bytes(octets).map_err(|_| KeyAgreementError::InvalidPublicKey)?;
    AffinePoint::<C>::from_sec1_point(&point)
        .into_option()
        .map(ProjectivePoint::from)
        .ok_or(KeyAgreementError::InvalidPublicKey)
}

fn encode<C: PrimeCurveParams>(point: ProjectivePoint<C>) -> Result<Octets, KeyAgreementError> {
    if point.is_identity().into() {
        return Err(KeyAgreementError::Degenerate);
    }
    let mut encoded = point.to_affine().to_sec1_point(false);
    let octets = Zeroizing::new(encoded.as_bytes().to_vec());
    encoded.zeroize();
    Ok(octets)
}
