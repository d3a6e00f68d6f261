// Ends the session after its time without use, and says so before: whoever needs longer can stay with one click.
const dialog = document.getElementById("idle");
const { after, token } = dialog.dataset;
const NOTICE = 120_000; // how long before the end the question comes, in milliseconds
const others = new BroadcastChannel("rda-session");
let timer;
let end;

function wait(until, then) {
  clearTimeout(timer);
  timer = setTimeout(then, Math.max(0, until - Date.now()));
}

/** The session was used, here or in another tab of this browser: its time begins anew. */
function restart() {
  end = Date.now() + 1000 * Number(after);
  if (dialog.open) {
    dialog.close();
  }
  wait(end - NOTICE, ask);
}

function ask() {
  dialog.showModal();
  wait(end, () => document.getElementById("idle-end").submit());
}

/** Tells that the server has seen this session. */
export function used() {
  others.postMessage("used");
  restart();
}

async function stay() {
  const answer = await fetch("/stay", { method: "POST", headers: { "RDA-Token": token } }).catch(() => undefined);
  if (answer?.ok) {
    used();
  } else {
    document.getElementById("idle-end").submit();
  }
}

others.onmessage = restart;
document.getElementById("idle-stay").addEventListener("click", stay);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  stay();
});
// A computer that slept wakes with its timers behind.
document.addEventListener("visibilitychange", () => Date.now() >= end && document.getElementById("idle-end").submit());
used();
