//! The contactless readers that are known: `readers.toml` as a table.
//!
//! From this one table come the udev rules, the file that keeps kernel drivers away, the page of the documentation (all
//! three by [`generate`], written by `cargo xtask readers`) and what `rda doctor` knows of readers.

pub mod generate;

use std::fmt;

use serde::Deserialize;

/// The table as it is in the source.
const TABLE: &str = include_str!("../readers.toml");

/// Vendor and product of a USB device (USB 2.0, 9.6.1: idVendor, idProduct).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct UsbId {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
}

impl UsbId {
    /// From two fields of four hexadecimal digits each, as sysfs has them.
    #[must_use]
    pub fn from_fields(vendor: &str, product: &str) -> Option<Self> {
        let number = |text: &str| {
            let plain = text.len() == 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
            plain.then(|| u16::from_str_radix(text, 16).ok()).flatten()
        };
        Some(Self {
            vendor: number(vendor)?,
            product: number(product)?,
        })
    }
}

impl TryFrom<String> for UsbId {
    type Error = TableError;

    fn try_from(text: String) -> Result<Self, TableError> {
        text.split_once(':')
            .and_then(|(vendor, product)| Self::from_fields(vendor, product))
            .ok_or(TableError::UsbId(text))
    }
}

impl fmt::Display for UsbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

/// What one command of the reader carries, by its descriptor (CCID 1.1, 5.1: dwFeatures, level of exchange).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exchange {
    /// Frames of the card's own protocol: the driver makes them, of any length.
    Tpdu,
    /// Short APDUs only.
    Short,
    /// Short and extended APDUs.
    Extended,
}

impl Exchange {
    /// From dwFeatures. `None` for character level, which no contactless reader has.
    #[must_use]
    pub fn from_features(features: u32) -> Option<Self> {
        match (features >> 16) & 0b111 {
            1 => Some(Self::Tpdu),
            2 => Some(Self::Short),
            4 => Some(Self::Extended),
            _ => None,
        }
    }

    /// Bytes of the longest command APDU that passes (ISO/IEC 7816-4, 5.2), by this level alone.
    #[must_use]
    pub const fn longest_command(self) -> usize {
        match self {
            // Header, Lc, 255 bytes, Le.
            Self::Short => 4 + 1 + 255 + 1,
            Self::Tpdu | Self::Extended => 4 + 3 + 65535 + 2,
        }
    }
}

/// A Debian package with a driver for the PC/SC service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Driver {
    /// For readers of the class CCID; comes with pcscd.
    #[serde(rename = "libccid")]
    Ccid,
    /// Advanced Card Systems' own.
    #[serde(rename = "libacsccid1")]
    Acs,
    /// REINER SCT's own.
    #[serde(rename = "libifd-cyberjack6")]
    Cyberjack,
}

impl Driver {
    /// The package.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Ccid => "libccid",
            Self::Acs => "libacsccid1",
            Self::Cyberjack => "libifd-cyberjack6",
        }
    }

    /// Its list of readers, in the folder of drivers of the PC/SC service.
    #[must_use]
    pub const fn list(self) -> &'static str {
        match self {
            Self::Ccid => "ifd-ccid.bundle/Contents/Info.plist",
            Self::Acs => "ifd-acsccid.bundle/Contents/Info.plist",
            Self::Cyberjack => "libifd-cyberjack.bundle/Contents/Info.plist",
        }
    }
}

/// Where Debian's PC/SC service looks for drivers of USB readers.
pub const DRIVER_FOLDER: &str = "usr/lib/pcsc/drivers";

/// Whether a driver's list of readers (a property list of three arrays of the same order) has this one. `false` also for
/// a text that is no such list.
#[must_use]
pub fn lists(property_list: &str, usb: UsbId) -> bool {
    let vendors = array(property_list, "ifdVendorID");
    let products = array(property_list, "ifdProductID");
    vendors
        .zip(products)
        .any(|pair| pair == (Some(usb.vendor), Some(usb.product)))
}

/// The numbers of one array of a property list, `<string>0x072F</string>` each.
fn array<'a>(text: &'a str, key: &str) -> impl Iterator<Item = Option<u16>> + 'a {
    let key = format!("<key>{key}</key>");
    let body = text
        .split_once(&key)
        .and_then(|(_, rest)| rest.split_once("</array>"))
        .map_or("", |(body, _)| body);
    body.split("<string>").skip(1).map(|item| {
        let (number, _) = item.split_once("</string>")?;
        let digits = number.trim().strip_prefix("0x")?;
        u16::from_str_radix(digits, 16).ok()
    })
}

/// A kernel driver that takes a reader away from the PC/SC service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelDriver {
    /// NXP PN533 on USB.
    Pn533Usb,
    /// Sony RC-S380.
    Port100,
}

impl KernelDriver {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Pn533Usb, Self::Port100];

    /// The name of driver and module.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pn533Usb => "pn533_usb",
            Self::Port100 => "port100",
        }
    }
}

/// A reader.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Its USB ids.
    pub usb: UsbId,
    /// Its name as the first driver's list has it; PC/SC names begin with it.
    pub name: String,
    /// The drivers whose lists have it, the recommended one first. None: it cannot be used over PC/SC on Linux.
    #[serde(default)]
    pub drivers: Vec<Driver>,
    /// The oldest Debian release whose driver has it, where that is not 12.
    pub since: Option<u16>,
    /// Level of exchange of its contactless interface, where its descriptor is known.
    pub exchange: Option<Exchange>,
    /// dwMaxCCIDMessageLength of that interface in bytes: longer APDUs go in several messages.
    pub message: Option<u32>,
    /// Longest APDU in bytes that was seen to pass where that is less than the descriptor promises.
    pub max_apdu: Option<usize>,
    /// The kernel driver that takes it away.
    pub conflict: Option<KernelDriver>,
    /// What else is known.
    pub note: Option<String>,
    /// Where all this is from.
    pub source: String,
}

impl Reader {
    /// Bytes of the longest command APDU known to pass, where anything is known.
    #[must_use]
    pub fn longest_command(&self) -> Option<usize> {
        let by_level = self.exchange.map(Exchange::longest_command);
        match (self.max_apdu, by_level) {
            (Some(seen), Some(level)) => Some(seen.min(level)),
            (seen, level) => seen.or(level),
        }
    }
}

/// The table is not sound. It is part of the program, so this is a fault of the build.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not four hexadecimal digits, a colon, four hexadecimal digits.
    #[error("{0:?} is not VENDOR:PRODUCT")]
    UsbId(String),
    /// Not the expected TOML.
    #[error("the table of readers does not parse: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A reader occurs twice, or out of order.
    #[error("{0} is not in its place")]
    Order(UsbId),
    /// A text that would break the files made from it.
    #[error("{0}: a name or note holds a character that files made from it cannot")]
    Text(UsbId),
}

/// The readers, ordered by USB ids.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    reader: Vec<Reader>,
}

impl Table {
    /// The table of this version.
    ///
    /// # Errors
    /// [`TableError`]; a test sees to it that there is none.
    pub fn builtin() -> Result<Self, TableError> {
        Self::parse(TABLE)
    }

    /// Checks the text of a table.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let table: Self = toml::from_str(text)?;
        for pair in table.reader.windows(2) {
            if let [one, next] = pair
                && one.usb >= next.usb
            {
                return Err(TableError::Order(next.usb));
            }
        }
        for reader in &table.reader {
            let texts = [&reader.name, &reader.source];
            let sound = texts
                .into_iter()
                .chain(&reader.note)
                .all(|text| !text.contains(['"', '\\', '|', '\n', '$', '%']));
            if !sound {
                return Err(TableError::Text(reader.usb));
            }
        }
        Ok(table)
    }

    /// All readers.
    #[must_use]
    pub fn readers(&self) -> &[Reader] {
        &self.reader
    }

    /// The reader with these ids.
    #[must_use]
    pub fn find(&self, usb: UsbId) -> Option<&Reader> {
        let place = self.reader.binary_search_by_key(&usb, |reader| reader.usb);
        place.ok().and_then(|place| self.reader.get(place))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_is_sound_and_has_the_common_readers() {
        let table = Table::builtin().unwrap();
        assert!(table.readers().len() >= 100, "{}", table.readers().len());
        let acr122u = UsbId::from_fields("072f", "2200").unwrap();
        let reader = table.find(acr122u).unwrap();
        assert_eq!(reader.conflict, Some(KernelDriver::Pn533Usb));
        assert_eq!(reader.longest_command(), Some(261));
        assert!(
            table
                .find(UsbId {
                    vendor: 1,
                    product: 1
                })
                .is_none()
        );
    }

    #[test]
    fn faults_are_told() {
        let row = |usb: &str, name: &str| {
            format!("[[reader]]\nusb = \"{usb}\"\nname = '{name}'\nsource = \"s\"\n")
        };
        let parse = |text: String| Table::parse(&text);
        assert!(parse(row("072f:2200", "A") + &row("072f:2201", "B")).is_ok());
        let twice = parse(row("072f:2200", "A") + &row("072f:2200", "B"));
        assert!(matches!(twice, Err(TableError::Order(_))));
        assert!(matches!(
            parse(row("072f:2200", "A\"")),
            Err(TableError::Text(_))
        ));
        for usb in [
            "72f:2200",
            "072f2200",
            "072g:2200",
            "+72f:2200",
            "072f:22000",
        ] {
            assert!(parse(row(usb, "A")).is_err(), "{usb}");
        }
    }

    /// Where a driver package of Debian is installed, its list must have what the table says of it.
    #[test]
    fn installed_drivers_list_what_the_table_says() {
        let table = Table::builtin().unwrap();
        for driver in [Driver::Ccid, Driver::Acs, Driver::Cyberjack] {
            let path = std::path::Path::new("/")
                .join(DRIVER_FOLDER)
                .join(driver.list());
            let Ok(list) = std::fs::read_to_string(&path) else {
                println!("not compared: {} is not installed", driver.package());
                continue;
            };
            let readers = table.readers().iter();
            for reader in readers.filter(|r| r.drivers.contains(&driver) && r.since.is_none()) {
                assert!(
                    lists(&list, reader.usb),
                    "{}: {}",
                    driver.package(),
                    reader.usb
                );
            }
            let nobody = UsbId {
                vendor: 0xffff,
                product: 0xffff,
            };
            assert!(!lists(&list, nobody));
        }
    }

    #[test]
    fn levels_of_exchange_are_read_from_features() {
        for (features, level) in [
            (0x0001_0230, Some(Exchange::Tpdu)),
            (0x0002_04BA, Some(Exchange::Short)),
            (0x0004_04BE, Some(Exchange::Extended)),
            (0x0000_0230, None),
        ] {
            assert_eq!(Exchange::from_features(features), level);
        }
    }
}
