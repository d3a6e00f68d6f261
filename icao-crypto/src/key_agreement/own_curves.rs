//! The curves for which no maintained crate exists, on the constant-time field and point arithmetic of `primefield` and
//! `primeorder`: complete addition formulas and fixed-window table scans, as in the published curve crates.

use crate::curve;

/// Hexadecimal digits left-padded with zeros to `N` digits, the width of the machine integer that holds the number.
const fn padded<const N: usize>(digits: &str) -> [u8; N] {
    let digits = digits.as_bytes();
    let mut out = [b'0'; N];
    let mut i = 0;
    while i < digits.len() {
        out[N - digits.len() + i] = digits[i];
        i += 1;
    }
    out
}

/// One prime-order short Weierstrass curve. `uint` is the machine integer, `octets` the length of field elements and
/// scalars, and the two non-residues are the smallest quadratic non-residues modulo p and n.
macro_rules! prime_order_curve {
    ($module:ident, $curve:ident, $parameters:ident, $arithmetic:ident, $uint:ident, $octets:ident, $p_non_residue:literal, $n_non_residue:literal) => {
        #[allow(unreachable_pub)]
        mod $module {
            use elliptic_curve::bigint::{Odd, $uint};
            use elliptic_curve::consts::$octets;
            use elliptic_curve::hazmat::FieldArithmetic;
            use elliptic_curve::{CurveArithmetic, PrimeCurveArithmetic};
            use primeorder::{PrimeCurveParams, mul_backend, point_arithmetic};

            use super::{curve, padded};

            const DIGITS: usize = 2 * $uint::BYTES;
            const P_DIGITS: [u8; DIGITS] = padded(curve::$parameters.p);
            const N_DIGITS: [u8; DIGITS] = padded(curve::$parameters.n);
            const P: &str = match core::str::from_utf8(&P_DIGITS) {
                Ok(digits) => digits,
                Err(_) => "",
            };
            const N: &str = match core::str::from_utf8(&N_DIGITS) {
                Ok(digits) => digits,
                Err(_) => "",
            };

            #[derive(Copy, Clone, Debug, Default, Eq, PartialEq, PartialOrd, Ord)]
            pub struct $curve;

            impl elliptic_curve::Curve for $curve {
                type FieldBytesSize = $octets;
                type Uint = $uint;
                const ORDER: Odd<$uint> = Odd::<$uint>::from_be_hex(N);
            }
            impl elliptic_curve::PrimeCurve for $curve {}
            impl elliptic_curve::point::PointCompression for $curve {
                const COMPRESS_POINTS: bool = false;
            }

            mod field {
                use elliptic_curve::bigint::$uint;
                use elliptic_curve::ff::PrimeField;
                use elliptic_curve::ops::BatchInvert;
                use elliptic_curve::subtle::{Choice, ConstantTimeEq, CtOption};
                primefield::monty_field_params! {
                    name: FieldParams,
                    modulus: super::P,
                    uint: $uint,
                    byte_order: primefield::ByteOrder::BigEndian,
                    multiplicative_generator: $p_non_residue,
                    doc: "The field of the curve."
                }
                primefield::monty_field_element! {
                    name: FieldElement,
                    params: FieldParams,
                    uint: $uint,
                    doc: "An element of the field of the curve."
                }
                primefield::monty_field_arithmetic! {
                    name: FieldElement,
                    params: FieldParams,
                    uint: $uint
                }
                impl BatchInvert for FieldElement {}
            }

            mod scalar {
                use super::$curve;
                use elliptic_curve::Curve as _;
                use elliptic_curve::bigint::$uint;
                use elliptic_curve::ff::PrimeField;
                use elliptic_curve::ops::Reduce;
                use elliptic_curve::scalar::{FromUintUnchecked, IsHigh};
                use elliptic_curve::subtle::{
                    Choice, ConstantTimeEq, ConstantTimeGreater, CtOption,
                };
                use primeorder::wnaf;
                primefield::monty_field_params! {
                    name: ScalarParams,
                    modulus: super::N,
                    uint: $uint,
                    byte_order: primefield::ByteOrder::BigEndian,
                    multiplicative_generator: $n_non_residue,
                    doc: "The integers modulo the order of the curve."
                }
                primefield::monty_field_element! {
                    name: Scalar,
                    params: ScalarParams,
                    uint: $uint,
                    doc: "An integer modulo the order of the curve."
                }
                primefield::monty_field_arithmetic! {
                    name: Scalar,
                    params: ScalarParams,
                    uint: $uint
                }
                // Written out because `monty_field_reduce!` wants an integer exactly as wide as the field. The
                // conversion into Montgomery form multiplies by R^2 and so reduces any integer of that width.
                impl Reduce<$uint> for Scalar {
                    fn reduce(number: &$uint) -> Self {
                        Self::from_uint_unchecked(*number)
                    }
                }
                impl Reduce<elliptic_curve::FieldBytes<$curve>> for Scalar {
                    fn reduce(octets: &elliptic_curve::FieldBytes<$curve>) -> Self {
                        Self::from_uint_unchecked(elliptic_curve::field::bytes_to_uint::<$curve>(
                            octets,
                        ))
                    }
                }
                elliptic_curve::scalar_impls!($curve, Scalar);
                wnaf::impl_wnaf_size_for_scalar!(Scalar);
                impl AsRef<Scalar> for Scalar {
                    fn as_ref(&self) -> &Scalar {
                        self
                    }
                }
                impl FromUintUnchecked for Scalar {
                    type Uint = $uint;
                    fn from_uint_unchecked(number: $uint) -> Self {
                        Self::from_uint_unchecked(number)
                    }
                }
                impl IsHigh for Scalar {
                    fn is_high(&self) -> Choice {
                        const HALF: $uint = $curve::ORDER.as_ref().shr_vartime(1);
                        self.to_canonical().ct_gt(&HALF)
                    }
                }
            }

            use field::FieldElement;
            use scalar::Scalar;

            impl CurveArithmetic for $curve {
                type AffinePoint = primeorder::AffinePoint<$curve>;
                type ProjectivePoint = primeorder::ProjectivePoint<$curve>;
                type Scalar = Scalar;
            }
            impl FieldArithmetic for $curve {
                type FieldElement = FieldElement;
            }
            impl PrimeCurveArithmetic for $curve {
                type CurveGroup = primeorder::ProjectivePoint<$curve>;
            }
            impl PrimeCurveParams for $curve {
                type PointArithmetic = point_arithmetic::$arithmetic;
                type Backend = mul_backend::VariableOnly;
                const EQUATION_A: FieldElement =
                    FieldElement::from_hex_vartime(curve::$parameters.a);
                const EQUATION_B: FieldElement =
                    FieldElement::from_hex_vartime(curve::$parameters.b);
                const GENERATOR: (FieldElement, FieldElement) = (
                    FieldElement::from_hex_vartime(curve::$parameters.gx),
                    FieldElement::from_hex_vartime(curve::$parameters.gy),
                );
            }
        }
        pub(super) use $module::$curve;
    };
}

prime_order_curve! { p192, P192, P192, EquationAIsMinusThree, U192, U24, 11, 3 }
// crypto-bigint has no byte encoding for integers of 224 and 320 bits: the next wider one holds them.
prime_order_curve! { p224, P224, P224, EquationAIsMinusThree, U256, U28, 11, 2 }
prime_order_curve! { bp192, BrainpoolP192r1, BRAINPOOL_P192R1, EquationAIsGeneric, U192, U24, 3, 7 }
prime_order_curve! { bp224, BrainpoolP224r1, BRAINPOOL_P224R1, EquationAIsGeneric, U256, U28, 3, 3 }
prime_order_curve! { bp320, BrainpoolP320r1, BRAINPOOL_P320R1, EquationAIsGeneric, U384, U40, 5, 3 }
prime_order_curve! { bp512, BrainpoolP512r1, BRAINPOOL_P512R1, EquationAIsGeneric, U512, U64, 2, 7 }
