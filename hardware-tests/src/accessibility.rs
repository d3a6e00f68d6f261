//! What axe-core (Deque, MPL-2.0; fetched by npm for tests only) says of the page that a browser shows, by WCAG 2.2 levels A
//! and AA.

use crate::browser::Browser;
use crate::need;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// The checker, read from where npm puts it.
pub struct Checker {
    source: String,
}

/// What it found, each as `rule: element`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Against the rules.
    pub violations: Vec<String>,
    /// What a person must judge.
    pub incomplete: Vec<String>,
}

impl Checker {
    /// Reads the checker.
    ///
    /// # Errors
    /// If it is not there; see [`need::AXE`].
    pub fn load() -> Result<Self> {
        let source = std::fs::read_to_string(need::AXE.file).context(need::AXE.packages)?;
        Ok(Self { source })
    }

    /// Checks the page as it is shown now.
    ///
    /// # Errors
    /// If the browser is gone.
    pub fn check(&self, browser: &Browser) -> Result<Findings> {
        if browser.run("return typeof axe")? == "undefined" {
            browser.run(&self.source)?;
        }
        let results = browser.run_async(
            "const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
             const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations', 'incomplete'] });
             const list = (rules) => rules.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}`));
             return { violations: list(found.violations), incomplete: list(found.incomplete) };",
        )?;
        let list = |name: &str| {
            results[name]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        Ok(Findings {
            violations: list("violations"),
            incomplete: list("incomplete"),
        })
    }
}
