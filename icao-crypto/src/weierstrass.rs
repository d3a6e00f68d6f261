//! ECDSA verification on short Weierstrass curves with run-time parameters.
//!
//! Everything here is variable time and works on public data: keys, hashes and signatures of documents. Secrets belong to
//! [`key_agreement`](super::key_agreement).
//!
//! A curve is moved to its isomorphic model with a = -3 by (x, y) -> (u^2·x, u^3·y), u^4 = -3/a, which saves work in every
//! doubling; for the Brainpool r1 curves that is the twisted curve of RFC 5639. Points are in Jacobian coordinates, scalars
//! in width-w non-adjacent form, and the multiples of the base point are kept per curve once they have been needed.

use std::sync::{LazyLock, OnceLock};

use super::curve::{CurveParameters, NamedCurve};
use field::{Limbs, Ring, add, halve, is_zero, less, parse};

mod field;

/// Checks ECDSA signatures. The one seam behind which another implementation can take this module's place
/// ([`use_ecdsa_engine`](crate::signature::use_ecdsa_engine)).
pub trait EcdsaEngine: Sync {
    /// Whether (`r`, `s`) is a signature of the hash `prehash` under the public key (`x`, `y`). All numbers are big-endian
    /// of any length; r and s outside 1..n and points off the curve are refused (FIPS 186-4 6.4, X9.62).
    fn verify(
        &self,
        curve: NamedCurve,
        x: &[u8],
        y: &[u8],
        prehash: &[u8],
        r: &[u8],
        s: &[u8],
    ) -> bool;

    /// The key (`x`, `y`) with what makes many verifications faster than one; `None` if it is no point on the curve.
    fn prepare(&self, curve: NamedCurve, x: &[u8], y: &[u8]) -> Option<Box<dyn PreparedKey>>;
}

/// A public key that is used again and again, such as one of a CSCA.
pub trait PreparedKey: Send + Sync {
    /// As [`EcdsaEngine::verify`].
    fn verify(&self, prehash: &[u8], r: &[u8], s: &[u8]) -> bool;
}

/// The engine of this crate: all curves, variable time, no C.
#[derive(Debug)]
pub struct OwnEcdsaEngine;

/// Evaluates `$answer` with the model of `$curve`, which is built when first needed.
macro_rules! on_model {
    ($curve:expr, $model:ident => $answer:expr, { $($name:ident: $limbs:literal,)* }) => {
        match $curve {
            $(NamedCurve::$name => {
                static MODEL: LazyLock<Option<Model<$limbs>>> =
                    LazyLock::new(|| Model::new(NamedCurve::$name.parameters()));
                MODEL.as_ref().map_or(Answer::No, |$model| $answer)
            })*
        }
    };
}

/// A question to the model of a curve, whatever its number of limbs.
enum Question<'a> {
    OnCurve,
    Verify {
        prehash: &'a [u8],
        r: &'a [u8],
        s: &'a [u8],
    },
    Prepare,
}

enum Answer {
    No,
    Yes,
    Prepared(Box<dyn PreparedKey>),
}

impl From<bool> for Answer {
    fn from(answer: bool) -> Self {
        if answer { Self::Yes } else { Self::No }
    }
}

fn ask(curve: NamedCurve, x: &[u8], y: &[u8], question: &Question<'_>) -> Answer {
    on_model!(curve, model => match question {
        Question::OnCurve => model.point(x, y).is_some().into(),
        Question::Verify { prehash, r, s } => model.verify(x, y, prehash, r, s).into(),
        Question::Prepare => model.prepare(curve, x, y).map_or(Answer::No, |key| {
            Answer::Prepared(Box::new(key))
        }),
    }, {
        P192: 3,
        BrainpoolP192r1: 3,
        P224: 4,
        BrainpoolP224r1: 4,
        P256: 4,
        BrainpoolP256r1: 4,
        BrainpoolP320r1: 5,
        P384: 6,
        BrainpoolP384r1: 6,
        BrainpoolP512r1: 8,
        P521: 9,
    })
}

/// The leftmost bits of the hash, as many as the order has. No hash of ours is long enough to be cut within an octet: only
/// P-521 has an order that does not fill its octets.
fn leftmost(prehash: &[u8], curve: NamedCurve) -> &[u8] {
    prehash.get(..curve.order_len()).unwrap_or(prehash)
}

/// Whether `x`, `y` (big-endian) are the coordinates of a point on the curve. As all our curves have cofactor 1, such a point is
/// a valid public key.
pub(super) fn is_on_curve(curve: NamedCurve, x: &[u8], y: &[u8]) -> bool {
    matches!(ask(curve, x, y, &Question::OnCurve), Answer::Yes)
}

impl EcdsaEngine for OwnEcdsaEngine {
    fn verify(
        &self,
        curve: NamedCurve,
        x: &[u8],
        y: &[u8],
        prehash: &[u8],
        r: &[u8],
        s: &[u8],
    ) -> bool {
        let prehash = leftmost(prehash, curve);
        matches!(
            ask(curve, x, y, &Question::Verify { prehash, r, s }),
            Answer::Yes
        )
    }

    fn prepare(&self, curve: NamedCurve, x: &[u8], y: &[u8]) -> Option<Box<dyn PreparedKey>> {
        match ask(curve, x, y, &Question::Prepare) {
            Answer::Prepared(key) => Some(key),
            _ => None,
        }
    }
}

/// A point (X/Z^2, Y/Z^3) of the a = -3 model; Z = 0 at infinity.
#[derive(Clone, Copy)]
struct Point<const L: usize> {
    x: Limbs<L>,
    y: Limbs<L>,
    z: Limbs<L>,
}

/// The a = -3 model of a curve.
struct Model<const L: usize> {
    field: Ring<L>,
    order: Ring<L>,
    b: Limbs<L>,
    /// u^2 and u^3 of the isomorphism.
    u2: Limbs<L>,
    u3: Limbs<L>,
    /// G, 3G, 5G, ... with Z = 1.
    generator: Vec<Point<L>>,
    /// The same for G and 2^h·G, 2^(2h)·G, 2^(3h)·G, made when the first key is prepared.
    generator_parts: OnceLock<Parts<L>>,
}

/// A scalar in as many parts needs only so much fewer doublings.
const PARTS: usize = 4;

/// Odd multiples, with Z = 1, of a point and of the point times 2^h, 2^(2h), 2^(3h).
type Parts<const L: usize> = [Vec<Point<L>>; PARTS];

/// A key with its multiples.
struct Prepared<const L: usize> {
    curve: NamedCurve,
    model: &'static Model<L>,
    parts: Parts<L>,
}

impl<const L: usize> PreparedKey for Prepared<L> {
    fn verify(&self, prehash: &[u8], r: &[u8], s: &[u8]) -> bool {
        let prehash = leftmost(prehash, self.curve);
        self.model.verify_by(prehash, r, s, |u1, u2| {
            let generator = self.model.generator_parts();
            let (k, l) = (digits(u1, GENERATOR_WINDOW), digits(u2, PREPARED_WINDOW));
            let part_of = |digits: &[i16], part: usize| -> Vec<i16> {
                let rest = digits.iter().skip(part * PART_BITS * L + part);
                rest.take(PART_BITS * L + 1).copied().collect()
            };
            let digits: Vec<_> = (0..PARTS)
                .map(|part| (part_of(&k, part), part_of(&l, part)))
                .collect();
            let terms: Vec<(&[i16], &[Point<L>])> = digits
                .iter()
                .zip(generator.iter().zip(&self.parts))
                .flat_map(|((k, l), (generator, key))| {
                    [(&k[..], &generator[..]), (&l[..], &key[..])]
                })
                .collect();
            self.model.sum(&terms)
        })
    }
}

/// Window widths: the larger one for the base point, whose table is made only once.
const GENERATOR_WINDOW: u32 = 8;
const KEY_WINDOW: u32 = 5;
/// And the one of a prepared key.
const PREPARED_WINDOW: u32 = 6;
/// Digits of each part of a scalar, for each limb; the non-adjacent form is one digit longer than the scalar, and each part
/// takes one more.
const PART_BITS: usize = 64 / PARTS;

impl<const L: usize> Model<L> {
    /// `None` if the parameters do not fit or have no model with a = -3.
    fn new(parameters: &CurveParameters) -> Option<Self> {
        let field = Ring::<L>::new(parameters.p)?;
        let order = Ring::<L>::new(parameters.n)?;
        let three = field.add(&field.double(&field.one()), &field.one());
        let a = field.element(&parse(parameters.a)?);
        let u = if a == field.neg(&three) {
            field.one()
        } else {
            let u4 = field.neg(&field.mul(&three, &field.invert(&a)));
            let u2 = field.sqrt(&u4)?;
            // Modulo a prime that is 3 modulo 4, one of u2 and -u2 is a square.
            field.sqrt(&u2).or_else(|| field.sqrt(&field.neg(&u2)))?
        };
        let u2 = field.square(&u);
        let u3 = field.mul(&u2, &u);
        let b = field.mul(&field.square(&u3), &field.element(&parse(parameters.b)?));
        let mut model = Self {
            field,
            order,
            b,
            u2,
            u3,
            generator: Vec::new(),
            generator_parts: OnceLock::new(),
        };
        let generator = model.point(parameters.gx, parameters.gy)?;
        model.generator = model.normalize(&model.odd_multiples(&generator, GENERATOR_WINDOW));
        Some(model)
    }

    /// The point with these coordinates on the original curve, if there is one.
    fn point(&self, x: &[u8], y: &[u8]) -> Option<Point<L>> {
        let f = &self.field;
        let coordinate = |octets| parse::<L>(octets).filter(|value| less(value, f.modulus()));
        let x = f.mul(&f.element(&coordinate(x)?), &self.u2);
        let y = f.mul(&f.element(&coordinate(y)?), &self.u3);
        let three_x = f.add(&f.double(&x), &x);
        let right = f.add(&f.sub(&f.mul(&f.square(&x), &x), &three_x), &self.b);
        (f.square(&y) == right).then(|| Point { x, y, z: f.one() })
    }

    fn verify(&self, x: &[u8], y: &[u8], prehash: &[u8], r: &[u8], s: &[u8]) -> bool {
        self.point(x, y).is_some_and(|key| {
            self.verify_by(prehash, r, s, |u1, u2| {
                let multiples = self.odd_multiples(&key, KEY_WINDOW);
                let (k, l) = (digits(u1, GENERATOR_WINDOW), digits(u2, KEY_WINDOW));
                self.sum(&[(&k, &self.generator), (&l, &multiples)])
            })
        })
    }

    /// Verifies with u1·G + u2·P as `multiply` computes it.
    fn verify_by(
        &self,
        prehash: &[u8],
        r: &[u8],
        s: &[u8],
        multiply: impl FnOnce(&Limbs<L>, &Limbs<L>) -> Point<L>,
    ) -> bool {
        let n = &self.order;
        let in_range =
            |octets| parse::<L>(octets).filter(|value| !is_zero(value) && less(value, n.modulus()));
        let (Some(r), Some(s), Some(z)) = (in_range(r), in_range(s), parse::<L>(prehash)) else {
            return false;
        };
        let w = n.invert(&n.element(&s));
        // A product of an element with a plain integer is a plain integer, which is what the digits need; z may exceed n.
        let u1 = n.mul(&z, &w);
        let u2 = n.mul(&r, &w);
        let sum = multiply(&u1, &u2);
        if is_zero(&sum.z) {
            return false;
        }
        // x(R) mod n = r: x(R) is r or r + n, as far as that is below p. X = x·u^2·Z^2 saves the division by Z^2.
        let f = &self.field;
        let scale = f.mul(&f.square(&sum.z), &self.u2);
        let matches = |x: &Limbs<L>| f.mul(&f.element(x), &scale) == sum.x;
        let (second, carry) = add(&r, n.modulus());
        (less(&r, f.modulus()) && matches(&r))
            || (!carry && less(&second, f.modulus()) && matches(&second))
    }

    /// The sum of points times scalars: each scalar by its digits, each point by its odd multiples.
    fn sum(&self, terms: &[(&[i16], &[Point<L>])]) -> Point<L> {
        let mut sum = self.infinity();
        let longest = terms.iter().map(|(digits, _)| digits.len()).max();
        for i in (0..longest.unwrap_or(0)).rev() {
            sum = self.double(&sum);
            for (digits, table) in terms {
                let digit = digits.get(i).copied().unwrap_or(0);
                if let Some(point) = table.get(usize::from(digit.unsigned_abs() / 2))
                    && digit != 0
                {
                    let y = if digit < 0 {
                        self.field.neg(&point.y)
                    } else {
                        point.y
                    };
                    sum = self.add(&sum, &Point { y, ..*point });
                }
            }
        }
        sum
    }

    fn prepare(&'static self, curve: NamedCurve, x: &[u8], y: &[u8]) -> Option<Prepared<L>> {
        Some(Prepared {
            curve,
            model: self,
            parts: self.parts(self.point(x, y)?, PREPARED_WINDOW),
        })
    }

    fn generator_parts(&self) -> &Parts<L> {
        self.generator_parts.get_or_init(|| {
            let generator = self.generator.first().copied();
            self.parts(
                generator.unwrap_or_else(|| self.infinity()),
                GENERATOR_WINDOW,
            )
        })
    }

    fn parts(&self, point: Point<L>, width: u32) -> Parts<L> {
        let mut base = point;
        core::array::from_fn(|part| {
            if part > 0 {
                for _ in 0..PART_BITS * L + 1 {
                    base = self.double(&base);
                }
            }
            self.normalize(&self.odd_multiples(&base, width))
        })
    }

    fn infinity(&self) -> Point<L> {
        Point {
            x: self.field.one(),
            y: self.field.one(),
            z: [0; L],
        }
    }

    /// P, 3P, 5P, ... as many as digits of this width need.
    fn odd_multiples(&self, point: &Point<L>, width: u32) -> Vec<Point<L>> {
        let twice = self.double(point);
        core::iter::successors(Some(*point), |last| Some(self.add(last, &twice)))
            .take(1 << (width - 2))
            .collect()
    }

    /// The same points with Z = 1, none of them infinity: one inversion for all (Montgomery's trick).
    fn normalize(&self, points: &[Point<L>]) -> Vec<Point<L>> {
        let f = &self.field;
        let mut product = f.one();
        let before: Vec<Limbs<L>> = points
            .iter()
            .map(|point| {
                let before = product;
                product = f.mul(&product, &point.z);
                before
            })
            .collect();
        let mut inverse = f.invert(&product);
        let mut normal: Vec<Point<L>> = points
            .iter()
            .zip(&before)
            .rev()
            .map(|(point, before)| {
                let z = f.mul(&inverse, before);
                inverse = f.mul(&inverse, &point.z);
                let z2 = f.square(&z);
                Point {
                    x: f.mul(&point.x, &z2),
                    y: f.mul(&point.y, &f.mul(&z2, &z)),
                    z: f.one(),
                }
            })
            .collect();
        normal.reverse();
        normal
    }

    /// 2P for a = -3: with m = 3(X - Z^2)(X + Z^2) and s = 4XY^2, X' = m^2 - 2s, Y' = m(s - X') - 8Y^4, Z' = 2YZ.
    fn double(&self, p: &Point<L>) -> Point<L> {
        let f = &self.field;
        let z2 = f.square(&p.z);
        let y2 = f.square(&p.y);
        let s = f.double(&f.double(&f.mul(&p.x, &y2)));
        let product = f.mul(&f.sub(&p.x, &z2), &f.add(&p.x, &z2));
        let m = f.add(&f.double(&product), &product);
        let x = f.sub(&f.square(&m), &f.double(&s));
        let y4 = f.double(&f.double(&f.double(&f.square(&y2))));
        let y = f.sub(&f.mul(&m, &f.sub(&s, &x)), &y4);
        let z = f.double(&f.mul(&p.y, &p.z));
        Point { x, y, z }
    }

    /// P + Q: with h = X2·Z1^2 - X1·Z2^2 and r = Y2·Z1^3 - Y1·Z2^3, X' = r^2 - h^3 - 2v, Y' = r(v - X') - Y1·Z2^3·h^3,
    /// Z' = Z1·Z2·h, where v = X1·Z2^2·h^2. Multiplications by Z2 = 1 are left out.
    fn add(&self, p: &Point<L>, q: &Point<L>) -> Point<L> {
        let f = &self.field;
        if is_zero(&p.z) {
            return *q;
        }
        if is_zero(&q.z) {
            return *p;
        }
        let (x1, y1, z) = if q.z == f.one() {
            (p.x, p.y, p.z)
        } else {
            let zz = f.square(&q.z);
            (
                f.mul(&p.x, &zz),
                f.mul(&p.y, &f.mul(&zz, &q.z)),
                f.mul(&p.z, &q.z),
            )
        };
        let zz = f.square(&p.z);
        let h = f.sub(&f.mul(&q.x, &zz), &x1);
        let r = f.sub(&f.mul(&q.y, &f.mul(&zz, &p.z)), &y1);
        if is_zero(&h) {
            return if is_zero(&r) {
                self.double(p)
            } else {
                self.infinity()
            };
        }
        let h2 = f.square(&h);
        let h3 = f.mul(&h2, &h);
        let v = f.mul(&x1, &h2);
        let x = f.sub(&f.sub(&f.square(&r), &h3), &f.double(&v));
        let y = f.sub(&f.mul(&r, &f.sub(&v, &x)), &f.mul(&y1, &h3));
        Point {
            x,
            y,
            z: f.mul(&z, &h),
        }
    }
}

/// The width-w non-adjacent form, least significant digit first: zero or odd digits between -2^(w-1) and 2^(w-1).
fn digits<const L: usize>(scalar: &Limbs<L>, width: u32) -> Vec<i16> {
    let mut rest = *scalar;
    let mut digits = Vec::with_capacity(64 * L + 1);
    while !is_zero(&rest) {
        let mut digit = 0;
        let mut carry = false;
        if rest[0] & 1 == 1 {
            let window = rest[0] & ((1 << width) - 1);
            let mut step = [0; L];
            if window >> (width - 1) == 0 {
                digit = window as i16;
                rest[0] -= window;
            } else {
                digit = window as i16 - (1 << width);
                step[0] = u64::from(digit.unsigned_abs());
                (rest, carry) = add(&rest, &step);
            }
        }
        digits.push(digit);
        rest = halve(&rest, carry);
    }
    digits
}
