//! access_key
