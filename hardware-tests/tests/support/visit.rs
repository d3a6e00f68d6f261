//! Looking at the pages of the login as their citizens do.
#![allow(dead_code, unreachable_pub)]

use anyhow::{Result, ensure};
use hardware_tests::accessibility::Checker;
use hardware_tests::browser::Browser;
use hardware_tests::need;
use hardware_tests::puppet::{Puppet, Strings};
use hardware_tests::shots;
use hardware_tests::site::{PASSWORD, Site};
use serde_json::json;

pub const NEEDS: [&need::Need; 3] = [&need::CHROMIUM, &need::CHROMEDRIVER, &need::AXE];

/// Stands for the login server's answer to `start`, of which an account gets five an hour: what the puppet then says is no
/// matter of the request.
pub const ANSWER_START: &str = "
    const real = window.fetch;
    window.fetch = (url, options) => String(url).endsWith('/api/rda/start')
        ? Promise.resolve(new Response(JSON.stringify({ request: 'a.b.c' })))
        : real(url, options);
";

pub struct Visit<'a> {
    pub site: &'a Site,
    pub browser: &'a Browser,
    pub checker: &'a Checker,
    pub language: &'static str,
}

impl Visit<'_> {
    pub fn open(&self, path: &str) -> Result<()> {
        let (path, part) = path.split_once('#').unwrap_or((path, ""));
        let mark = if path.contains('?') { '&' } else { '?' };
        let (origin, language) = (self.site.origin(), self.language);
        self.browser
            .open(&format!("{origin}{path}{mark}lang={language}#{part}"))
    }

    pub fn log_in(&self, user: &str) -> Result<()> {
        self.browser.open(self.site.origin())?;
        self.browser.forget_cookies()?;
        self.open("/login")?;
        self.browser.element("#user")?.type_text(user)?;
        self.browser.element("#password")?.type_text(PASSWORD)?;
        self.browser.element("main form button")?.click()
    }

    /// Looks at the state that is shown: no objection, no console error, no sideways scrolling; and a picture of it.
    pub fn look(&self, name: &str) -> Result<()> {
        let found = self.checker.check(self.browser)?;
        ensure!(
            found.violations.is_empty() && found.incomplete.is_empty(),
            "{name} ({}): {found:?}",
            self.language
        );
        shots::take(self.browser, &format!("{}-{name}", self.language))
    }

    /// As [`Visit::look`], for a page as a whole: also on a small screen, with large letters, and in the dark.
    pub fn look_closely(&self, name: &str) -> Result<()> {
        self.look(name)?;
        let complaints = self.browser.complaints()?;
        ensure!(complaints.is_empty(), "{name}: {complaints:?}");
        let set = |width: u32| {
            self.browser.devtools(
                "Emulation.setDeviceMetricsOverride",
                &json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false }),
            )
        };
        let wider =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        set(320)?;
        ensure!(
            self.browser.run(wider)? == 0,
            "{name} scrolls sideways at 320 pixels"
        );
        shots::take(self.browser, &format!("{}-{name}-320", self.language))?;
        set(640)?;
        self.browser
            .run("document.documentElement.style.fontSize = '200%'")?;
        ensure!(
            self.browser.run(wider)? == 0,
            "{name} scrolls sideways with letters twice as large"
        );
        self.browser
            .run("document.documentElement.removeAttribute('style')")?;
        self.browser
            .devtools("Emulation.clearDeviceMetricsOverride", &json!({}))?;
        self.media("prefers-color-scheme", "dark")?;
        let found = self.checker.check(self.browser)?;
        ensure!(found.violations.is_empty(), "{name} in the dark: {found:?}");
        shots::take(self.browser, &format!("{}-{name}-dark", self.language))?;
        self.media("forced-colors", "active")?;
        shots::take(
            self.browser,
            &format!("{}-{name}-forced-colors", self.language),
        )?;
        self.media("forced-colors", "none")
    }

    fn media(&self, name: &str, value: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": name, "value": value }] });
        self.browser
            .devtools("Emulation.setEmulatedMedia", &features)
            .map(drop)
    }

    pub fn text(&self, css: &str) -> Result<String> {
        self.browser.element(css)?.text()
    }

    /// A click on the start of the check, up to the moment when the puppet may speak; the request of the login server.
    pub fn start(&self, puppet: &Puppet) -> Result<(Strings, String)> {
        self.browser.element("#start")?.click()?;
        let mut strings = puppet.page()?;
        let request = strings.accept()?;
        Ok((strings, request))
    }
}
