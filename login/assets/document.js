// The page on which a citizen checks a document: drives the SDK and shows what happens.
import { RdaError, RdaLogin } from "/sdk/rda.js";

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
  return response.json();
}

function show(panel) {
  for (const id of ["start-panel", "progress-panel", "error-panel"]) {
    $(id).hidden = id !== panel;
  }
}

const key = (name) => name.replaceAll("_", "-");

function showState({ state, progress, hint, reader }) {
  const text = texts[`state-${key(state)}`];
  // Written only when it changes: a screen reader reads every write.
  if (text !== undefined && $("state").textContent !== text) {
    $("state").textContent = text;
  }
  $("hint").textContent = hint === undefined || hint === null ? "" : texts[`hint-${key(hint)}`] ?? "";
  if (Number.isFinite(progress)) {
    $("progress").value = progress;
  }
  $("reader").textContent = reader?.name ? texts["document-reader"].replace("{reader}", reader.name) : "";
}

function showError(error) {
  const base = error instanceof RdaError ? key(error.text) : "error-message-unexpected";
  const found = base in texts ? base : "error-message-unexpected";
  $("error-title").textContent = texts[`${found}.title`];
  $("error-text").textContent = texts[found];
  $("error-action").textContent = texts[`${found}.action`];
  $("error-panel").dataset.code = error instanceof RdaError ? error.code : "message_unexpected";
  show("error-panel");
  $("error-title").focus();
}

/** Which fields the server needs, besides the choice of document. */
function ask(access) {
  $("last-four-field").hidden = access !== "last-four";
  $("typed-fields").hidden = access !== "typed";
}

async function start(event) {
  event.preventDefault();
  const fields = new FormData(form);
  const value = (name) => String(fields.get(name) ?? "").trim().toUpperCase();
  $("form-error").textContent = "";
  login = new RdaLogin({ ports: ports.split(",").map(Number) });
  login.addEventListener("state", (state) => showState(state.detail));
  const kind = fields.get("document");
  $("drawing-passport").hidden = kind !== "passport";
  $("drawing-card").hidden = kind === "passport";
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
      show("start-panel");
      $("form-error").textContent = answer.text_key ? texts[answer.text_key] : "";
      return (answer.access_needed === "typed" ? $("number") : $("last-four")).focus();
    }
    const typed = $("typed-fields").hidden
      ? undefined
      : { document_number: value("document_number"), date_of_birth: value("date_of_birth"), date_of_expiry: value("date_of_expiry") };
    await login.run({
      request: answer.request,
      access: typed,
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
    showError(error);
  }
}

async function cancel() {
  login?.abort();
  try {
    await api("cancel", {});
  } finally {
    location.assign("/login?notice=cancelled");
  }
}

form.addEventListener("submit", start);
$("retry").addEventListener("click", () => {
  show("start-panel");
  $("start").focus();
});
for (const button of document.querySelectorAll("[data-cancel]")) {
  button.addEventListener("click", cancel);
}
application.dataset.ready = "true";
