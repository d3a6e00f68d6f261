//! Policies of browsers that say which pages may reach programs on this computer.

use serde_json::Value;

use super::{Check, Finding, Machine, Problem};
use crate::trust::TrustStore;

/// Where Chromium and its kin look for policies that an administrator set.
const CHROMIUM_FOLDERS: [&str; 5] = [
    "etc/chromium/policies/managed",
    "etc/opt/chrome/policies/managed",
    "etc/opt/edge/policies/managed",
    "etc/brave/policies/managed",
    "etc/chromium-browser/policies/managed",
];
/// Where Firefox does.
const FIREFOX_FILES: [&str; 3] = [
    "etc/firefox/policies/policies.json",
    "usr/lib/firefox/distribution/policies.json",
    "usr/lib/firefox-esr/distribution/policies.json",
];
/// Chromium's lists of pages that may not. `LocalNetworkAccess…` is the older name and still counts.
const BLOCKED: [&str; 2] = [
    "LocalNetworkAccessBlockedForUrls",
    "LoopbackNetworkBlockedForUrls",
];
/// Its lists of pages that may without asking the citizen.
const ALLOWED: [&str; 2] = [
    "LocalNetworkAccessAllowedForUrls",
    "LoopbackNetworkAllowedForUrls",
];

/// Whether a policy keeps the pages of trusted login servers from the daemon.
pub(super) fn policies(machine: &Machine, trust: &TrustStore) -> Vec<Finding> {
    let origins: Vec<String> = trust
        .entries()
        .flat_map(|entry| entry.server.origins())
        .map(|origin| origin.as_str().to_owned())
        .collect();
    let mut findings = Vec::new();
    for folder in CHROMIUM_FOLDERS {
        for name in machine.names(folder) {
            let path = format!("{folder}/{name}");
            if name.ends_with(".json")
                && let Some(finding) =
                    read(machine, &path).and_then(|policy| chromium(&path, &policy, &origins))
            {
                findings.push(finding);
            }
        }
    }
    for path in FIREFOX_FILES {
        if let Some(finding) =
            read(machine, path).and_then(|policy| firefox(path, &policy, &origins))
        {
            findings.push(finding);
        }
    }
    if findings.is_empty() {
        findings.push(Finding::passed(Check::Browser, ""));
    }
    findings
}

fn read(machine: &Machine, path: &str) -> Option<Value> {
    serde_json::from_str(&machine.text(path)?).ok()
}

/// What a policy file says of access to this computer; `None` where it says nothing.
fn chromium(path: &str, policy: &Value, origins: &[String]) -> Option<Finding> {
    let patterns = |keys: &[&'static str]| -> Vec<(&'static str, String)> {
        keys.iter()
            .filter_map(|key| Some((*key, policy.get(key)?.as_array()?)))
            .flat_map(|(key, list)| list.iter().map(move |item| (key, item)))
            .filter_map(|(key, item)| Some((key, item.as_str()?.to_owned())))
            .collect()
    };
    for (key, pattern) in patterns(&BLOCKED) {
        // With no server trusted yet, every ban may be the one that will hurt.
        if origins.is_empty() || origins.iter().any(|origin| covers(&pattern, origin)) {
            let subject = format!("/{path}: {key}");
            return Some(Finding::of(Check::Browser, Problem::BrowserBlocks, subject));
        }
    }
    let (key, _) = patterns(&ALLOWED).into_iter().next()?;
    Some(Finding::passed(Check::Browser, format!("/{path}: {key}")))
}

/// Firefox: `LocalNetworkAccess` with prompts off and protection on refuses every page that is not listed.
fn firefox(path: &str, policy: &Value, origins: &[String]) -> Option<Finding> {
    let access = policy.get("policies")?.get("LocalNetworkAccess")?;
    let flag = |name: &str| access.get(name).and_then(Value::as_bool);
    let skipped: Vec<&str> = access
        .get("SkipDomains")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let subject = format!("/{path}: LocalNetworkAccess");
    let refuses = flag("Enabled") == Some(true) && flag("EnablePrompting") == Some(false);
    let all_skipped = !origins.is_empty()
        && origins
            .iter()
            .all(|origin| skipped.iter().any(|domain| covers(domain, origin)));
    Some(if refuses && !all_skipped {
        Finding::of(Check::Browser, Problem::BrowserBlocks, subject)
    } else {
        Finding::passed(Check::Browser, subject)
    })
}

/// Whether a pattern of a policy covers an origin: `*`, a host with or without scheme and port, `[*.]host` for all below it.
fn covers(pattern: &str, origin: &str) -> bool {
    if pattern == "*" || pattern == "*://*" {
        return true;
    }
    let host_of = |text: &str| {
        let (scheme, rest) = text
            .split_once("://")
            .map_or((None, text), |(s, r)| (Some(s), r));
        let host = rest.split(['/', ':']).next().unwrap_or(rest);
        (scheme.map(str::to_owned), host.to_owned())
    };
    let (pattern_scheme, pattern_host) = host_of(pattern);
    let (scheme, host) = host_of(origin);
    if pattern_scheme.is_some_and(|wanted| wanted != "*" && Some(wanted) != scheme) {
        return false;
    }
    let below = ["[*.]", "*."]
        .iter()
        .find_map(|prefix| pattern_host.strip_prefix(prefix));
    match below {
        Some(parent) => host == parent || host.ends_with(&format!(".{parent}")),
        None => pattern_host == "*" || host == pattern_host,
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn patterns_cover_what_browsers_say_they_do() {
        let origin = "https://login.example";
        for pattern in [
            "*",
            "https://login.example",
            "login.example",
            "[*.]example",
            "*.example",
            "https://login.example:443",
            "https://*",
        ] {
            assert!(covers(pattern, origin), "{pattern}");
        }
        for pattern in [
            "",
            "example",
            "http://login.example",
            "[*.]login.example.org",
            "other.example",
            "[*.]ogin.example",
        ] {
            assert!(!covers(pattern, origin), "{pattern}");
        }
    }
}
