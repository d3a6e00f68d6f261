//! Changes to data objects, as the cases write them: a way down a tree of BER-TLV objects, and what happens at its end.

use anyhow::{Context as _, Result, bail};
use const_oid::ObjectIdentifier;
use icao::tlv::{self, Tlv};
use serde::Deserialize;

/// One change. Exactly one of the operations is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What is changed: a file (`DG14`), or a stage in the making of a signed one (`SOD.tbs`); see [`crate::signed`].
    #[serde(default)]
    pub at: String,
    /// The way to the object: `0` is the first object of the file, `0.2` the third one in it, `#5F1F` the first with this
    /// tag, `@2.5.29.15` the first SEQUENCE that begins with this object identifier. Without a path the bytes themselves
    /// are meant.
    pub path: Option<String>,
    /// Takes the object away.
    #[serde(default)]
    pub remove: bool,
    /// Another tag, in hexadecimal.
    pub tag: Option<String>,
    /// Another value, in hexadecimal.
    pub value: Option<String>,
    /// Another value: this object identifier.
    pub oid: Option<String>,
    /// Another value, or with `offset` a part of it: this text.
    pub text: Option<String>,
    /// A part of the value from `offset` on, in hexadecimal.
    pub hex: Option<String>,
    /// Where `hex` or `text` begins in the value.
    pub offset: Option<usize>,
    /// Whole objects in hexadecimal, put behind what the object holds.
    pub append: Option<String>,
    /// Whole objects in hexadecimal, in place of this one.
    pub replace: Option<String>,
    /// The length field says so many bytes more or fewer than there are.
    pub length: Option<isize>,
    /// Flips the lowest bit of the byte at this place; from the end where negative.
    pub flip: Option<isize>,
    /// Cuts so many bytes off the end of the value.
    pub cut: Option<usize>,
}

/// Bytes from hexadecimal; spaces may stand between them.
pub fn hexadecimal(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)?;
        u8::from_str_radix(pair, 16).with_context(|| format!("{text} is not hexadecimal"))
    });
    pairs.collect()
}

impl Edit {
    /// The bytes after the change.
    pub fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let changed = match &self.path {
            None => self.change(bytes),
            Some(path) => {
                let steps: Vec<&str> = split(path);
                self.descend(bytes, &steps)
            }
        };
        let changed = changed.with_context(|| format!("{self:?}"))?;
        if changed == bytes {
            bail!("{self:?} changes nothing");
        }
        Ok(changed)
    }

    /// Changes the object at the end of `steps`, below a template of these bytes.
    fn descend(&self, template: &[u8], steps: &[&str]) -> Result<Vec<u8>> {
        let (step, further) = steps.split_first().context("empty path")?;
        let (front, object, behind) = find(template, step)?;
        let middle = if further.is_empty() {
            self.whole(&object)?
        } else {
            tlv::encode(object.tag, &self.descend(object.value, further)?)
        };
        Ok([front, &middle, behind].concat())
    }

    /// What takes the place of an object.
    fn whole(&self, object: &Tlv<'_>) -> Result<Vec<u8>> {
        if self.remove {
            return Ok(Vec::new());
        }
        if let Some(objects) = &self.replace {
            return hexadecimal(objects);
        }
        if let Some(tag) = &self.tag {
            return Ok(tlv::encode(u32::from_str_radix(tag, 16)?, object.value));
        }
        if let Some(difference) = self.length {
            let length = object.value.len().checked_add_signed(difference);
            return with_length(object.tag, length.context("negative length")?, object.value);
        }
        Ok(tlv::encode(object.tag, &self.change(object.value)?))
    }

    /// What takes the place of a value.
    fn change(&self, value: &[u8]) -> Result<Vec<u8>> {
        let mut changed = value.to_vec();
        if let Some(new) = &self.value {
            return hexadecimal(new);
        }
        if let Some(oid) = &self.oid {
            return Ok(ObjectIdentifier::new(oid)?.as_bytes().to_vec());
        }
        if let Some(objects) = &self.append {
            changed.extend(hexadecimal(objects)?);
        } else if let Some(place) = self.flip {
            let place = if place < 0 {
                changed.len().checked_add_signed(place)
            } else {
                Some(place.unsigned_abs())
            };
            *place
                .and_then(|place| changed.get_mut(place))
                .context("no such byte")? ^= 1;
        } else if let Some(count) = self.cut {
            changed.truncate(changed.len().checked_sub(count).context("nothing to cut")?);
        } else {
            let new = match (&self.text, &self.hex) {
                (Some(text), None) => text.as_bytes().to_vec(),
                (None, Some(hex)) => hexadecimal(hex)?,
                _ => bail!("no operation, or several"),
            };
            let Some(offset) = self.offset else {
                return Ok(new);
            };
            changed
                .get_mut(offset..offset + new.len())
                .context("beyond the value")?
                .copy_from_slice(&new);
        }
        Ok(changed)
    }
}

/// The steps of a path. Object identifiers have dots of their own: a step that begins with `@` goes on to the next `/`.
fn split(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = if rest.starts_with('@') { '/' } else { '.' };
        let (step, further) = rest.split_once(end).unwrap_or((rest, ""));
        steps.push(step);
        rest = further;
    }
    steps
}

/// What stands before an object of a template, the object, and what stands behind it.
fn find<'a>(template: &'a [u8], step: &str) -> Result<(&'a [u8], Tlv<'a>, &'a [u8])> {
    let mut rest = template;
    let mut index = 0;
    while !rest.is_empty() {
        let (object, behind) = Tlv::split(rest)?;
        let found = match step.split_at_checked(1) {
            Some(("#", tag)) => object.tag == u32::from_str_radix(tag, 16)?,
            Some(("@", oid)) => {
                let oid = ObjectIdentifier::new(oid)?;
                let first = Tlv::split(object.value).map(|(first, _)| first);
                first.is_ok_and(|first| first.tag == 0x06 && first.value == oid.as_bytes())
            }
            _ => step.parse::<usize>()? == index,
        };
        if found {
            let front = template.len() - rest.len();
            return Ok((template.get(..front).unwrap_or_default(), object, behind));
        }
        rest = behind;
        index += 1;
    }
    bail!("no object {step}")
}

/// The object at the end of a path.
pub fn object<'a>(template: &'a [u8], path: &str) -> Result<Tlv<'a>> {
    let steps = split(path);
    let (last, way) = steps.split_last().context("empty path")?;
    let mut template = template;
    for step in way {
        template = find(template, step)?.1.value;
    }
    Ok(find(template, last)?.1)
}

/// An object whose length field says `length`, in as many bytes as that takes.
fn with_length(tag: u32, length: usize, value: &[u8]) -> Result<Vec<u8>> {
    let honest = tlv::encode(tag, &vec![0; length]);
    let header = honest.len() - length;
    Ok([honest.get(..header).unwrap_or_default(), value].concat())
}
