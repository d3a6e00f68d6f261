//! The grammar by which right answers are made wrong: structures are taken apart, changed in one place, and put together
//! again with right lengths around it.

use icao::apdu::StatusWord;
use icao::simulator::{RandomSource as _, SeededRandom};
use icao::tlv;

/// Seeded chance.
pub(super) struct Dice(SeededRandom);

/// A data object, taken apart.
pub(super) enum Object {
    Constructed(u32, Vec<Object>),
    Primitive(u32, Vec<u8>),
}

impl Object {
    /// `None` where the bytes are no sequence of data objects.
    pub(super) fn all(bytes: &[u8]) -> Option<Vec<Self>> {
        let objects: Result<Vec<_>, _> = tlv::Reader::new(bytes).collect();
        objects
            .ok()?
            .into_iter()
            .map(|object| {
                let constructed = object
                    .tag
                    .to_be_bytes()
                    .into_iter()
                    .find(|byte| *byte != 0)?
                    & 0x20
                    != 0;
                Some(match Self::all(object.value).filter(|_| constructed) {
                    Some(children) => Self::Constructed(object.tag, children),
                    None => Self::Primitive(object.tag, object.value.to_vec()),
                })
            })
            .collect()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Constructed(tag, children) => {
                let content: Vec<u8> = children.iter().flat_map(Self::encode).collect();
                tlv::encode(*tag, &content)
            }
            Self::Primitive(tag, value) => tlv::encode(*tag, value),
        }
    }

    /// The objects within, of these tags in turn from the outside in.
    pub(super) fn along<'a>(objects: &'a [Self], path: &[u32]) -> Vec<&'a Self> {
        let Some((wanted, rest)) = path.split_first() else {
            return Vec::new();
        };
        let found = objects.iter().filter(|object| match object {
            Self::Constructed(tag, _) | Self::Primitive(tag, _) => tag == wanted,
        });
        found
            .flat_map(|object| match (object, rest) {
                (object, []) => vec![object],
                (Self::Constructed(_, children), rest) => Self::along(children, rest),
                (Self::Primitive(..), _) => Vec::new(),
            })
            .collect()
    }

    fn count(objects: &[Self]) -> usize {
        objects
            .iter()
            .map(|object| match object {
                Self::Constructed(_, children) => 1 + Self::count(children),
                Self::Primitive(..) => 1,
            })
            .sum()
    }
}

impl Dice {
    pub(super) fn new(seed: &str) -> Self {
        Self(SeededRandom::new(seed.as_bytes()))
    }

    /// A number below this one.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.nonce(&mut bytes);
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(u64::from_be_bytes(bytes) % bound).unwrap_or(0)
    }

    /// So many random bytes.
    pub(super) fn bytes(&mut self, least: usize, most: usize) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        let mut bytes = vec![0; length];
        self.0.nonce(&mut bytes);
        bytes
    }

    /// A status word that is not 9000: those of ISO/IEC 7816-4 for the most part.
    pub(super) fn status(&mut self) -> StatusWord {
        const KNOWN: [u16; 16] = [
            0x6282, 0x6300, 0x63C2, 0x6400, 0x6581, 0x6700, 0x6881, 0x6982, 0x6983, 0x6985, 0x6A80,
            0x6A82, 0x6A86, 0x6A88, 0x6D00, 0x6F00,
        ];
        let known = self.below(KNOWN.len());
        StatusWord(KNOWN.get(known).copied().unwrap_or(0x6F00))
    }

    /// Changes one thing in the bytes, which are different afterwards. `true` if they are well-formed up to that place.
    pub(super) fn change(&mut self, bytes: &mut Vec<u8>) -> bool {
        let before = bytes.clone();
        // One in ten is rubbish from the first byte.
        let rubbish = self.below(10) == 0;
        for _ in 0..16 {
            let formed = match Object::all(&before).filter(|objects| !objects.is_empty()) {
                _ if rubbish => {
                    *bytes = self.bytes(0, before.len() + 16);
                    false
                }
                Some(mut objects) => {
                    let place = self.below(Object::count(&objects));
                    self.change_object(&mut objects, &mut { place });
                    *bytes = objects.iter().flat_map(Object::encode).collect();
                    true
                }
                None => {
                    *bytes = self.changed_value(&before);
                    true
                }
            };
            // Bytes behind the end of a file are not read.
            if !bytes.starts_with(&before) {
                return formed;
            }
        }
        bytes.insert(0, 0);
        true
    }

    /// Changes the object in this place, counted from the outside in. `true` once that is done.
    fn change_object(&mut self, objects: &mut Vec<Object>, place: &mut usize) -> bool {
        for index in 0..objects.len() {
            if *place == 0 {
                self.change_here(objects, index);
                return true;
            }
            *place -= 1;
            if let Some(Object::Constructed(_, children)) = objects.get_mut(index)
                && self.change_object(children, place)
            {
                return true;
            }
        }
        false
    }

    fn change_here(&mut self, objects: &mut Vec<Object>, index: usize) {
        let kind = self.below(8);
        let Some(object) = objects.get(index) else {
            return;
        };
        let encoded = object.encode();
        let (tag, value) = match object {
            Object::Constructed(tag, children) => {
                (*tag, children.iter().flat_map(Object::encode).collect())
            }
            Object::Primitive(tag, value) => (*tag, value.clone()),
        };
        let replacement = match kind {
            // It is missing.
            0 => {
                objects.remove(index);
                return;
            }
            // It is there twice.
            1 => {
                let again = Object::all(&encoded).unwrap_or_default();
                objects.splice(index..index, again);
                return;
            }
            // It has another tag.
            2 => Object::Primitive(tag ^ 0x01, value),
            // It is empty.
            3 => Object::Primitive(tag, Vec::new()),
            // It holds something else, for the most part of another length.
            _ => Object::Primitive(tag, self.changed_value(&value)),
        };
        if let Some(object) = objects.get_mut(index) {
            *object = replacement;
        }
    }

    /// A value that is not this one.
    fn changed_value(&mut self, value: &[u8]) -> Vec<u8> {
        let mut changed = value.to_vec();
        match self.below(7) {
            0 => changed.truncate(self.below(value.len())),
            1 => changed.extend(self.bytes(1, 16)),
            2 => changed.fill(0),
            3 => changed.fill(0xFF),
            4 => {
                changed = self.bytes(value.len(), value.len());
            }
            5 => {
                changed.insert(0, 0);
            }
            _ => {
                let (place, bit) = (self.below(value.len()), self.below(8));
                if let Some(byte) = changed.get_mut(place) {
                    *byte ^= 1 << bit;
                }
            }
        }
        changed
    }
}
