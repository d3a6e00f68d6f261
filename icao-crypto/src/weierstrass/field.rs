//! Arithmetic modulo an odd number of at most 64·L bits in Montgomery form, in variable time: for public data only.

/// An integer below 2^(64·L), least significant limb first.
pub(super) type Limbs<const L: usize> = [u64; L];

/// The ring of integers modulo an odd `modulus`. Elements are in Montgomery form (x·2^(64·L) mod modulus) and reduced.
pub(super) struct Ring<const L: usize> {
    modulus: Limbs<L>,
    /// -1/modulus mod 2^64.
    negated_inverse: u64,
    /// 2^(128·L) mod modulus, which takes an integer into Montgomery form.
    squared_radix: Limbs<L>,
    one: Limbs<L>,
}

impl<const L: usize> Ring<L> {
    /// `None` unless the modulus is odd, greater than one and fits.
    pub(super) fn new(modulus: &[u8]) -> Option<Self> {
        let modulus = parse::<L>(modulus)?;
        let low = *modulus.first()?;
        if low & 1 == 0 || (low == 1 && modulus[1..].iter().all(|limb| *limb == 0)) {
            return None;
        }
        // Newton's iteration doubles the number of correct bits, from 1 to 64.
        let inverse = (0..6).fold(1u64, |x, _| {
            x.wrapping_mul(2u64.wrapping_sub(low.wrapping_mul(x)))
        });
        let mut ring = Self {
            modulus,
            negated_inverse: inverse.wrapping_neg(),
            squared_radix: [0; L],
            one: [0; L],
        };
        let mut power = [0; L];
        power[0] = 1;
        for doubling in 0..128 * L {
            if doubling == 64 * L {
                ring.one = power;
            }
            power = ring.add(&power, &power);
        }
        ring.squared_radix = power;
        Some(ring)
    }

    pub(super) fn modulus(&self) -> &Limbs<L> {
        &self.modulus
    }

    pub(super) fn one(&self) -> Limbs<L> {
        self.one
    }

    /// The element of any integer below 2^(64·L).
    pub(super) fn element(&self, integer: &Limbs<L>) -> Limbs<L> {
        self.mul(integer, &self.squared_radix)
    }

    pub(super) fn add(&self, a: &Limbs<L>, b: &Limbs<L>) -> Limbs<L> {
        let (sum, carry) = add(a, b);
        self.reduce_once(sum, carry)
    }

    pub(super) fn double(&self, a: &Limbs<L>) -> Limbs<L> {
        self.add(a, a)
    }

    pub(super) fn sub(&self, a: &Limbs<L>, b: &Limbs<L>) -> Limbs<L> {
        match sub(a, b) {
            (difference, false) => difference,
            (difference, true) => add(&difference, &self.modulus).0,
        }
    }

    pub(super) fn neg(&self, a: &Limbs<L>) -> Limbs<L> {
        self.sub(&[0; L], a)
    }

    /// Montgomery multiplication, coarsely integrated operand scanning. One factor may exceed the modulus.
    #[inline]
    pub(super) fn mul(&self, a: &Limbs<L>, b: &Limbs<L>) -> Limbs<L> {
        let mut t = [0u64; L];
        let mut top = 0u64;
        for limb in b {
            let mut carry = 0;
            for j in 0..L {
                (t[j], carry) = multiply_add(t[j], a[j], *limb, carry);
            }
            let (sum, overflow) = top.overflowing_add(carry);
            let m = t[0].wrapping_mul(self.negated_inverse);
            let (_, mut carry) = multiply_add(t[0], m, self.modulus[0], 0);
            for j in 1..L {
                (t[j - 1], carry) = multiply_add(t[j], m, self.modulus[j], carry);
            }
            let (last, again) = sum.overflowing_add(carry);
            t[L - 1] = last;
            top = u64::from(overflow) + u64::from(again);
        }
        self.reduce_once(t, top != 0)
    }

    #[inline]
    pub(super) fn square(&self, a: &Limbs<L>) -> Limbs<L> {
        self.mul(a, a)
    }

    /// base^exponent, windows of four bits.
    pub(super) fn pow(&self, base: &Limbs<L>, exponent: &Limbs<L>) -> Limbs<L> {
        let mut table = [self.one; 16];
        for i in 1..16 {
            table[i] = self.mul(&table[i - 1], base);
        }
        let mut power = self.one;
        for limb in exponent.iter().rev() {
            for shift in (0..64).step_by(4).rev() {
                for _ in 0..4 {
                    power = self.square(&power);
                }
                power = self.mul(&power, &table[(limb >> shift & 15) as usize]);
            }
        }
        power
    }

    /// 1/a for a prime modulus; 0 for 0.
    pub(super) fn invert(&self, a: &Limbs<L>) -> Limbs<L> {
        let mut two = [0; L];
        two[0] = 2;
        self.pow(a, &sub(&self.modulus, &two).0)
    }

    /// A square root of `a` for a prime modulus that is 3 modulo 4.
    pub(super) fn sqrt(&self, a: &Limbs<L>) -> Option<Limbs<L>> {
        if self.modulus[0] & 3 != 3 {
            return None;
        }
        // (p + 1)/4 = (p - 3)/4 + 1
        let quarter = halve(&halve(&self.modulus, false), false);
        let mut one = [0; L];
        one[0] = 1;
        let root = self.pow(a, &add(&quarter, &one).0);
        (self.square(&root) == *a).then_some(root)
    }

    fn reduce_once(&self, value: Limbs<L>, carry: bool) -> Limbs<L> {
        if carry || !less(&value, &self.modulus) {
            sub(&value, &self.modulus).0
        } else {
            value
        }
    }
}

/// A big-endian number, unless it needs more than L limbs.
pub(super) fn parse<const L: usize>(octets: &[u8]) -> Option<Limbs<L>> {
    let mut limbs = [0; L];
    for (index, octet) in octets.iter().rev().enumerate() {
        match limbs.get_mut(index / 8) {
            Some(limb) => *limb |= u64::from(*octet) << (8 * (index % 8)),
            None if *octet != 0 => return None,
            None => {}
        }
    }
    Some(limbs)
}

pub(super) fn is_zero<const L: usize>(a: &Limbs<L>) -> bool {
    a.iter().all(|limb| *limb == 0)
}

pub(super) fn less<const L: usize>(a: &Limbs<L>, b: &Limbs<L>) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

pub(super) fn add<const L: usize>(a: &Limbs<L>, b: &Limbs<L>) -> (Limbs<L>, bool) {
    let mut sum = [0; L];
    let mut carry = false;
    for i in 0..L {
        let (partial, first) = a[i].overflowing_add(b[i]);
        let (limb, second) = partial.overflowing_add(u64::from(carry));
        sum[i] = limb;
        carry = first | second;
    }
    (sum, carry)
}

pub(super) fn sub<const L: usize>(a: &Limbs<L>, b: &Limbs<L>) -> (Limbs<L>, bool) {
    let mut difference = [0; L];
    let mut borrow = false;
    for i in 0..L {
        let (partial, first) = a[i].overflowing_sub(b[i]);
        let (limb, second) = partial.overflowing_sub(u64::from(borrow));
        difference[i] = limb;
        borrow = first | second;
    }
    (difference, borrow)
}

/// (top·2^(64·L) + a)/2, rounded down.
pub(super) fn halve<const L: usize>(a: &Limbs<L>, top: bool) -> Limbs<L> {
    let mut half = [0; L];
    let mut above = u64::from(top);
    for i in (0..L).rev() {
        half[i] = a[i] >> 1 | above << 63;
        above = a[i] & 1;
    }
    half
}

#[inline(always)]
fn multiply_add(addend: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(addend) + u128::from(a) * u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}
