//! Messages between login page, RDA daemon and login server.
