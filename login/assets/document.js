// The page on which a citizen checks a document: drives the SDK and shows what happens.
import { RdaError, RdaLogin, permission } from "/sdk/rda.js";
import { used } from "/assets/session.js";

const $ = (id) => document.getElementById(id);
const application = $("application");
const { token, ports, language } = application.dataset;
const texts = await (await fetch(`/texts/${language}.json`)).json();
const form = $("start-form");
let login;

/** Asks the login server. Failures of the net and of the server are told apart from refusals. */
async function api(name, body) {
  let response;
  try {
    response = await fetch(`/api/rda/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "RDA-Token": token },
      body: JSON.stringify(body),
    });
  } catch {
    throw new RdaError("server_failed", { layer: "server" });
  }
  if (response.status === 401) {
    location.assign("/login?notice=expired");
    throw new RdaError("aborted");
  }
  if (!response.ok) {
    throw new RdaError("server_failed", { layer: "server" });
  }
  used();
  return response.json();
}

function show(panel) {
  for (const id of ["start-panel", "progress-panel", "error-panel"]) {
    $(id).hidden = id !== panel;
  }
}

const key = (name) => name.replaceAll("_", "-");

/** Writes a text only when it changes: a screen reader reads every write. */
function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function showState({ state, progress, hint, reader }) {
  write($("state"), texts[`state-${key(state)}`] ?? $("state").textContent);
  write($("hint"), hint ? (texts[`hint-${key(hint)}`] ?? "") : "");
  if (Number.isFinite(progress)) {
    $("progress").value = progress;
  }
  write($("reader"), reader?.attached ? texts["document-reader"].replace("{reader}", reader.name) : "");
}

/** Which part of the help page speaks of this browser. */
async function browserName() {
  if (await navigator.brave?.isBrave?.()) {
    return "brave";
  }
  const agent = navigator.userAgent;
  return [["Edg/", "edge"], ["Firefox/", "firefox"], ["Chrom", "chrome"], ["Safari/", "safari"]].find(([mark]) => agent.includes(mark))?.[1];
}

async function showError(error) {
  const known = error instanceof RdaError && key(error.text) in texts;
  const name = known ? key(error.text) : "error-message-unexpected";
  $("error-title").textContent = texts[`${name}.title`];
  $("error-text").textContent = texts[name];
  $("error-action").textContent = texts[`${name}.action`];
  $("error-panel").dataset.code = known ? error.code : "message_unexpected";
  const causes = known ? error.causes : [];
  $("error-causes").hidden = causes.length === 0;
  $("error-causes").querySelector("ol").replaceChildren(
    ...causes.map((cause) => Object.assign(document.createElement("li"), { textContent: texts[`cause-${cause}`] })),
  );
  // Where the browser is the cause, the help page tells which buttons it has.
  $("error-help").hidden = !(known && ["browser_permission_denied", "daemon_unreachable"].includes(error.code));
  $("error-help").querySelector("a").href = `/help#${(await browserName()) ?? ""}`;
  // Where the same would happen again, the way on is another one, and not pressed upon anybody.
  const retryable = !known || error.retryable;
  $("retry").textContent = $("retry").dataset[retryable ? "retry" : "noRetry"];
  $("retry").classList.toggle("quiet", !retryable);
  show("error-panel");
  $("error-title").focus();
}

/** Shows the fields that the server needs for the document chosen. */
function ask(access) {
  const licence = new FormData(form).get("document") === "driving-licence";
  form.dataset.access = access;
  $("last-four-field").hidden = access !== "last-four";
  $("typed-fields").hidden = access !== "typed" || licence;
  $("line-field").hidden = access !== "typed" || !licence;
}

/** Whether the last character of a machine readable line is the check digit of those before it: weights 7, 3 and 1. */
function hasCheckDigit(line) {
  const worth = (character) => (character === "<" ? 0 : parseInt(character, 36));
  const sum = [...line.slice(0, -1)].reduce((total, character, index) => total + worth(character) * [7, 3, 1][index % 3], 0);
  return String(sum % 10) === line.at(-1);
}

/** What is wrong with the text of a field, if anything. */
function fault(field, value) {
  if (!field.validity.valid) {
    return field.dataset.wrong;
  }
  return field.id === "line" && !hasCheckDigit(value(field.name)) ? field.dataset.misspelt : undefined;
}

/** What the citizen typed to open the chip, where the server does not know it better. */
function typedAccess(value) {
  if (!$("typed-fields").hidden) {
    // Blanks are how people group what they type. A hyphen is part of a number, and the machine readable zone has a filler for it.
    return { document_number: value("document_number").replaceAll("-", "<"), date_of_birth: value("date_of_birth"), date_of_expiry: value("date_of_expiry") };
  }
  return $("line-field").hidden ? undefined : { licence_line: value("licence_line") };
}

/** Forgets what was wrong with the form. */
function forgive() {
  $("form-error").textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
  }
}

/** Says what is wrong with the form, at the field that it is about. */
function complain(text, field) {
  show("start-panel");
  $("form-error").textContent = text;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

async function start(event) {
  event.preventDefault();
  const fields = new FormData(form);
  const value = (name) => String(fields.get(name) ?? "").replace(/\s/g, "").toUpperCase();
  forgive();
  for (const field of form.querySelectorAll("[data-wrong]")) {
    const wrong = field.closest("[hidden]") === null ? fault(field, value) : undefined;
    if (wrong !== undefined) {
      return complain(wrong, field);
    }
  }
  login = new RdaLogin({ ports: ports.split(",").map(Number) });
  login.addEventListener("state", (state) => showState(state.detail));
  const kind = fields.get("document");
  for (const drawing of document.querySelectorAll("[data-drawing]")) {
    drawing.hidden = drawing.dataset.drawing !== kind;
  }
  show("progress-panel");
  $("progress-title").focus();
  try {
    // The socket first: browsers ask for permission only inside a click.
    await login.connect();
    const answer = await api("start", { document: kind, last_four: value("last_four") || undefined });
    if (answer.outcome === "refused") {
      login.abort();
      return location.assign("/result");
    }
    if (answer.request === undefined) {
      login.abort();
      ask(answer.access_needed);
      return complain(texts[answer.text_key ?? "document-last-four-short"], $("last-four"));
    }
    await login.run({
      request: answer.request,
      access: typedAccess(value),
      language,
      evidence: (sealed) => api("evidence", { sealed }),
      result: (sealed) => api("chip-authentication-result", { sealed }),
    });
    location.assign("/result");
  } catch (error) {
    if (error instanceof RdaError && error.code === "aborted") {
      return;
    }
    login.abort();
    await showError(error);
  }
}

form.addEventListener("submit", start);
for (const choice of form.querySelectorAll("input[type=radio]")) {
  choice.addEventListener("change", () => {
    forgive();
    ask(form.dataset.access);
  });
}
ask(form.dataset.access);
$("cancel-form").addEventListener("submit", () => login?.abort());
$("retry").addEventListener("click", () => {
  show("start-panel");
  $("start").focus();
});
// Whoever is about to be asked by the browser hears before what the question means.
$("will-ask").hidden = (await permission()) !== "prompt";
application.dataset.ready = "true";
