//! tlv
