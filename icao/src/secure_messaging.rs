//! secure_messaging
