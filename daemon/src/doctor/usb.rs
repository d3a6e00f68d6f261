//! Readers as the USB bus shows them, whether or not PC/SC does: from sysfs.

use std::path::PathBuf;

use readers::{Exchange, KernelDriver, Table, UsbId};

use super::Machine;

/// Where the kernel lists devices and their interfaces.
const DEVICES: &str = "sys/bus/usb/devices";
/// Class of smart-card readers (CCID 1.1, 4.3: bInterfaceClass).
const CCID_CLASS: &str = "0b";

/// A reader on the bus.
#[derive(Clone, Debug)]
pub(super) struct UsbReader {
    pub(super) usb: UsbId,
    /// Name in the table, or as the device says it.
    pub(super) name: String,
    /// Whether the table has it, and so whether it is known to be contactless.
    pub(super) known: Option<readers::Reader>,
    /// The kernel driver that holds one of its interfaces, and that interface.
    pub(super) held_by: Option<(KernelDriver, String)>,
    /// What its descriptors say of APDUs: the best of its interfaces.
    pub(super) exchange: Option<Exchange>,
}

impl UsbReader {
    /// The word by which its PC/SC name can be known again: the model, a word with a digit in it.
    pub(super) fn model(&self) -> &str {
        self.name
            .split([' ', '/'])
            .find(|word| word.len() > 2 && word.bytes().any(|byte| byte.is_ascii_digit()))
            .unwrap_or(&self.name)
    }

    /// Bytes of the longest command APDU that the reader is known to carry.
    pub(super) fn longest_command(&self) -> Option<usize> {
        let said = self.exchange.map(Exchange::longest_command);
        let known = self
            .known
            .as_ref()
            .and_then(readers::Reader::longest_command);
        match (said, known) {
            (Some(said), Some(known)) => Some(said.min(known)),
            (said, known) => said.or(known),
        }
    }
}

/// The readers on the bus: devices of the table, and others of the class for readers.
pub(super) fn scan(machine: &Machine, table: &Table) -> Vec<UsbReader> {
    let names = machine.names(DEVICES);
    let mut found = Vec::new();
    for device in names.iter().filter(|name| !name.contains(':')) {
        let folder = PathBuf::from(DEVICES).join(device);
        let field = |name: &str| machine.value(folder.join(name));
        let Some(usb) = field("idVendor")
            .zip(field("idProduct"))
            .and_then(|(vendor, product)| UsbId::from_fields(&vendor, &product))
        else {
            continue;
        };
        let interfaces: Vec<&String> = names
            .iter()
            .filter(|name| {
                name.strip_prefix(device.as_str())
                    .is_some_and(|rest| rest.starts_with(':'))
            })
            .collect();
        let is_reader = interfaces.iter().any(|name| {
            let class = PathBuf::from(DEVICES).join(name).join("bInterfaceClass");
            machine.value(class).as_deref() == Some(CCID_CLASS)
        });
        let known = table.find(usb).cloned();
        if known.is_none() && !is_reader {
            continue;
        }
        let held_by = interfaces.iter().find_map(|name| {
            let driver = machine.link_name(PathBuf::from(DEVICES).join(name).join("driver"))?;
            let driver = KernelDriver::ALL
                .into_iter()
                .find(|known| known.name() == driver)?;
            Some((driver, (*name).clone()))
        });
        let name = known
            .as_ref()
            .map(|reader| reader.name.clone())
            .or_else(|| field("product"))
            .unwrap_or_else(|| usb.to_string());
        let exchange = machine
            .bytes(folder.join("descriptors"))
            .and_then(|descriptors| best_exchange(&descriptors));
        found.push(UsbReader {
            usb,
            name,
            known,
            held_by,
            exchange,
        });
    }
    found
}

/// Type and length of the descriptor of a CCID interface (CCID 1.1, table 5.1-1), and where dwFeatures is in it.
const CCID_DESCRIPTOR: u8 = 0x21;
const CCID_DESCRIPTOR_LENGTH: u8 = 0x36;
const FEATURES: usize = 40;

/// The best level of exchange among the interfaces: a reader with a contact slot has one for each.
fn best_exchange(mut descriptors: &[u8]) -> Option<Exchange> {
    let mut best = None;
    // Each descriptor begins with its length and its type (USB 2.0, 9.5).
    while let Some((&length, _)) = descriptors.split_first() {
        let Some((descriptor, rest)) = descriptors.split_at_checked(usize::from(length)) else {
            break;
        };
        if length < 2 {
            break;
        }
        if length == CCID_DESCRIPTOR_LENGTH
            && descriptor.get(1) == Some(&CCID_DESCRIPTOR)
            && let Some(features) = descriptor
                .get(FEATURES..)
                .and_then(|f| f.first_chunk::<4>())
        {
            let exchange = Exchange::from_features(u32::from_le_bytes(*features));
            best = match (best, exchange) {
                (Some(Exchange::Extended), _) | (_, Some(Exchange::Extended)) => {
                    Some(Exchange::Extended)
                }
                (best, exchange) => best.or(exchange),
            };
        }
        descriptors = rest;
    }
    best
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn descriptor(features: u32) -> Vec<u8> {
        let mut bytes = vec![0; 0x36];
        bytes[0] = 0x36;
        bytes[1] = 0x21;
        bytes[40..44].copy_from_slice(&features.to_le_bytes());
        bytes
    }

    #[test]
    fn levels_come_from_the_descriptors_of_interfaces() {
        let device = [&[18u8, 1][..], &[0; 16]].concat();
        let short = [device.clone(), descriptor(0x0002_04BA)].concat();
        assert_eq!(best_exchange(&short), Some(Exchange::Short));
        let both = [short.clone(), descriptor(0x0004_04BE)].concat();
        assert_eq!(best_exchange(&both), Some(Exchange::Extended));
        assert_eq!(best_exchange(&device), None);
    }

    #[test]
    fn broken_descriptors_are_no_harm() {
        for bytes in [&[][..], &[0], &[1, 0x21], &[0x36, 0x21, 0], &[0, 0, 0]] {
            assert_eq!(best_exchange(bytes), None);
        }
    }
}
