// @ts-check
/**
 * Page SDK of Remote Document Authentication: finds the reader program on this computer, and carries messages between
 * it and the login server. It holds no secret and decides nothing. One ES module, no dependencies, no build step.
 *
 * Use: inside a click, `await login.connect()`, then `await login.run(carrier)`.
 *
 * @module
 */

/** Ports on which the reader program may listen, in the order in which they are tried. */
export const PORTS = Object.freeze([9303, 9304, 9305]);

/** Subprotocol of RFC 6455 1.9; a program that does not answer with it is not the reader program. */
export const SUBPROTOCOL = "rda.v1";

/** A socket to this computer opens in milliseconds, unless the browser waits for the citizen's answer. */
const CONNECT_TIMEOUT = 60_000;
/** After this long without an answer, the browser is likely asking the citizen. */
const ASKING_AFTER = 1_500;
/** Waits before each try to come back to a login whose socket was lost, in milliseconds. */
const RESUME_AFTER = Object.freeze([0, 300, 1_000, 3_000]);
/** Longest frame that the protocol knows, in characters. */
const MAX_FRAME = 65_536;

/**
 * Why the reader program may not be reachable. The browser tells a page nothing about it.
 * @typedef {"unanswered" | "not-installed" | "not-running" | "blocked" | "other-user"} Cause
 */

/**
 * What the browser says about connections to this computer.
 * - `granted`: it will connect.
 * - `prompt`: it will ask the citizen.
 * - `denied`: the citizen, or an administrator, said no.
 * - `not-delegated`: this page is in a frame whose owner does not pass the permission on.
 * - `unknown`: this browser has no such permission. It connects, or it holds the socket while it asks.
 * @typedef {"granted" | "prompt" | "denied" | "not-delegated" | "unknown"} Permission
 */

/**
 * How far a login is.
 * @typedef {object} Progress
 * @property {string} state `connecting`, then the states of the reader program: `waiting_for_reader`,
 *   `waiting_for_document`, `opening`, `reading`, `proving`, `waiting_for_server`, `confirming`, `paused`, `done`
 * @property {number} progress 0 to 100
 * @property {string | null} [hint] What the citizen can do: `browser_asks` while connecting, else one of the reader
 *   program's, such as `document_moved`
 * @property {{name: string, attached: boolean} | null} [reader]
 */

/**
 * How messages get to the login server, and what the citizen typed.
 * @typedef {object} Carrier
 * @property {string} request The signed request.
 * @property {{document_number: string, date_of_birth: string, date_of_expiry: string} | {can: string} | {licence_line: string}} [access]
 *   What the citizen typed, where the request opens no chip by itself: in capitals, dates as `YYMMDD`, the line of a driving
 *   licence with its 30 characters.
 * @property {string} [language] Language of what the reader program itself shows, such as `nl`.
 * @property {(sealed: string) => Promise<{chip_authentication?: string, outcome?: string}>} evidence Brings the first
 *   sealed message to the server; gives its command for the chip, or the outcome.
 * @property {(sealed: string) => Promise<{outcome?: string}>} result Brings the second one; gives the outcome.
 */

/**
 * A failure. `code` is one of the error codes of the protocol. This module itself finds `daemon_unreachable`,
 * `browser_permission_denied`, `browser_frame_not_allowed`, `browser_unsupported`, `connection_lost` and
 * `message_unexpected`; the others come from the reader program, `busy` and `daemon_too_old` among them. `aborted` is the
 * end of a login that the page broke off, and `gesture_missing` a mistake of the page.
 */
export class RdaError extends Error {
  /**
   * @param {string} code
   * @param {{layer?: string, retryable?: boolean, who?: string, text?: string, causes?: readonly Cause[]}} [details]
   */
  constructor(code, details = {}) {
    super(code);
    this.name = "RdaError";
    /** Which failure. */
    this.code = code;
    /** `browser`, `gate`, `service`, `reader`, `link`, `access`, `chip` or `server`. */
    this.layer = details.layer ?? "browser";
    /** Whether trying again can help. */
    this.retryable = details.retryable ?? true;
    /** Who can mend it: `citizen`, `operator` or `developer`. */
    this.who = details.who ?? "citizen";
    /** Key of the sentence to show, with a title and an action beside it. */
    this.text = details.text ?? `error-${code.replaceAll("_", "-")}`;
    /**
     * Of `daemon_unreachable`: what may be the cause, the likeliest first.
     * @type {readonly Cause[]}
     */
    this.causes = details.causes ?? [];
  }
}

/**
 * Asks the browser whether this page may connect to this computer. The citizen is asked nothing.
 * @returns {Promise<Permission>}
 */
export async function permission() {
  const policy = /** @type {any} */ (document).permissionsPolicy ?? /** @type {any} */ (document).featurePolicy;
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const { state } = await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
      const known = policy?.features?.().includes(name);
      return state === "denied" && known && !policy.allowsFeature(name) ? "not-delegated" : state;
    } catch {
      // This browser does not know the permission by this name.
    }
  }
  return "unknown";
}

/**
 * One login. Emits, each as a `CustomEvent`:
 * - `permission`, with a {@link Permission}, before the first connection;
 * - `state`, with a {@link Progress}, on every change;
 * - `progress`, with a number from 0 to 100, when it has changed;
 * - `hint`, with its name or `null`, when it has changed.
 */
export class RdaLogin extends EventTarget {
  /** @type {WebSocket | undefined} */ #socket;
  /** @type {number | undefined} */ #port;
  /** @type {string | undefined} */ #session;
  /** @type {string[]} */ #queue = [];
  /** @type {{resolve: (frame: string) => void, reject: (error: RdaError) => void} | undefined} */ #waiting;
  /** Answers of the server by the sealed message: a reader program that says it again is answered from here.
   * @type {Map<string, {chip_authentication?: string, outcome?: string}>} */
  #answers = new Map();
  #closed = true;
  #aborted = false;
  #deadline = 0;
  /** @type {number | undefined} */ #progress;
  /** @type {string | null} */ #hint = null;
  /** @type {readonly number[]} */ #ports;

  /**
   * @param {{ports?: readonly number[], signal?: AbortSignal}} [options] `ports`: where to look instead of on
   *   {@link PORTS}; `signal`: does what {@link RdaLogin.abort} does.
   */
  constructor({ ports = PORTS, signal } = {}) {
    super();
    this.#ports = ports;
    if (signal?.aborted) {
      this.#aborted = true;
    }
    signal?.addEventListener("abort", () => this.abort(), { once: true });
  }

  /**
   * Finds the reader program. Call it inside a click: browsers ask the citizen for permission only then.
   * @returns {Promise<void>}
   * @throws {RdaError}
   */
  async connect() {
    if (navigator.userActivation?.isActive === false) {
      throw new RdaError("gesture_missing", { who: "developer", text: "error-message-unexpected" });
    }
    this.#refuseIfAborted();
    const before = await permission();
    this.#emit("permission", before);
    if (before === "denied" || before === "not-delegated") {
      throw refused(before);
    }
    this.#tell({ state: "connecting", progress: 0, hint: before === "prompt" ? "browser_asks" : null });
    const began = performance.now();
    for (const port of this.#ports) {
      this.#refuseIfAborted();
      const ending = await this.#open(port);
      if (ending === "open") {
        this.#port = port;
        return;
      }
      if (ending === "held") {
        // A socket to this computer that neither opens nor fails is one that the browser holds back.
        throw refused("denied");
      }
    }
    this.#refuseIfAborted();
    const after = await permission();
    if (after === "denied" || after === "not-delegated") {
      throw refused(after);
    }
    if (refusesLoopback()) {
      throw new RdaError("browser_unsupported", { retryable: false });
    }
    const asked = after === "prompt" && performance.now() - began > ASKING_AFTER;
    throw new RdaError("daemon_unreachable", { causes: await likelyCauses(asked) });
  }

  /**
   * Carries one login to its end.
   * @param {Carrier} carrier
   * @returns {Promise<"accepted" | "refused">} The outcome as the login server gave it.
   * @throws {RdaError}
   */
  async run(carrier) {
    this.#send({ type: "start", request: carrier.request, access: carrier.access, language: carrier.language });
    for (;;) {
      const message = await this.#receive();
      switch (message.type) {
        case "accepted":
          this.#session = message.session;
          this.#deadline = Date.now() + 1000 * Number(message.expires_in);
          break;
        case "state":
          this.#tell(message);
          break;
        case "evidence": {
          const answer = await this.#carry(message.sealed, carrier.evidence);
          if (answer.chip_authentication === undefined) {
            return this.#finish(answer.outcome);
          }
          this.#sendOrResume({ type: "chip_authentication", command: answer.chip_authentication });
          break;
        }
        case "chip_authentication_result":
          return this.#finish((await this.#carry(message.sealed, carrier.result)).outcome);
        case "error":
          this.#close();
          throw new RdaError(message.code, message);
        default:
          this.#close();
          throw new RdaError("message_unexpected", { who: "developer" });
      }
    }
  }

  /** Stops: tells the reader program and lets go of the socket. A running `run()` ends with `aborted`. */
  abort() {
    this.#aborted = true;
    this.#sendOrResume({ type: "cancel" });
    this.#close();
    this.#waiting?.reject(new RdaError("aborted"));
    this.#waiting = undefined;
  }

  /**
   * @param {number} port
   * @returns {Promise<"open" | "failed" | "held">}
   */
  #open(port) {
    return new Promise((resolve) => {
      /** @type {WebSocket} */ let socket;
      try {
        socket = new WebSocket(`ws://127.0.0.1:${port}/`, SUBPROTOCOL);
      } catch {
        resolve("failed"); // some browsers refuse here already
        return;
      }
      // Where a login is under way already, the browser has its answer.
      const asking = setTimeout(() => {
        if (this.#session === undefined) {
          this.#tell({ state: "connecting", progress: 0, hint: "browser_asks" });
        }
      }, ASKING_AFTER);
      const timer = setTimeout(() => {
        resolve("held");
        socket.close();
      }, CONNECT_TIMEOUT);
      const settled = () => {
        clearTimeout(asking);
        clearTimeout(timer);
      };
      this.#socket = socket;
      this.#closed = false;
      socket.onopen = () => {
        settled();
        const ours = socket.protocol === SUBPROTOCOL && !this.#aborted;
        if (!ours) {
          socket.close();
        }
        resolve(ours ? "open" : "failed");
      };
      socket.onmessage = ({ data }) => {
        if (typeof data !== "string" || data.length > MAX_FRAME) {
          socket.close();
        } else if (this.#waiting) {
          this.#waiting.resolve(data);
          this.#waiting = undefined;
        } else {
          this.#queue.push(data);
        }
      };
      // Safari lets a socket that it blocks fail without ever closing it.
      socket.onerror = () => {
        settled();
        resolve("failed");
      };
      socket.onclose = () => {
        settled();
        resolve("failed");
        if (this.#socket === socket) {
          this.#closed = true;
          this.#waiting?.reject(new RdaError("connection_lost"));
          this.#waiting = undefined;
        }
      };
    });
  }

  /** @returns {Promise<any>} The next message; takes the thread up again where the socket was lost. */
  async #receive() {
    for (;;) {
      let frame;
      try {
        frame = await this.#frame();
      } catch (error) {
        if (this.#aborted || !(await this.#resume())) {
          this.#refuseIfAborted();
          throw error;
        }
        continue;
      }
      try {
        const message = JSON.parse(frame);
        if (typeof message?.type === "string") {
          return message;
        }
      } catch {
        // Falls through: no message of ours.
      }
      this.#close();
      throw new RdaError("message_unexpected", { who: "developer" });
    }
  }

  /** @returns {Promise<string>} */
  #frame() {
    this.#refuseIfAborted();
    const next = this.#queue.shift();
    if (next !== undefined) {
      return Promise.resolve(next);
    }
    if (this.#closed) {
      return Promise.reject(new RdaError("connection_lost"));
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** @returns {Promise<boolean>} Whether the login goes on, over a new socket. */
  async #resume() {
    for (const wait of RESUME_AFTER) {
      if (this.#session === undefined || this.#port === undefined || Date.now() + wait >= this.#deadline) {
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#aborted) {
        return false;
      }
      if ((await this.#open(this.#port)) === "open") {
        this.#send({ type: "resume", session: this.#session });
        return true;
      }
    }
    return false;
  }

  /**
   * @param {string} sealed
   * @param {(sealed: string) => Promise<{chip_authentication?: string, outcome?: string}>} bring
   * @returns {Promise<{chip_authentication?: string, outcome?: string}>}
   */
  async #carry(sealed, bring) {
    // After a lost socket the reader program says again what it said; the server takes each message once.
    const answer = this.#answers.get(sealed) ?? (await bring(sealed));
    this.#answers.set(sealed, answer);
    this.#refuseIfAborted();
    return answer;
  }

  /**
   * @param {string | undefined} outcome
   * @returns {"accepted" | "refused"}
   */
  #finish(outcome) {
    if (outcome !== "accepted" && outcome !== "refused") {
      this.#close();
      throw new RdaError("message_unexpected", { layer: "server", who: "developer" });
    }
    // The verdict stands, whether the reader program hears of it or not.
    this.#sendOrResume({ type: "finish", outcome });
    this.#session = undefined;
    this.#tell({ state: "done", progress: 100 });
    return outcome;
  }

  /** @param {object} message */
  #send(message) {
    if (!this.#sendOrResume(message)) {
      throw new RdaError("connection_lost");
    }
  }

  /**
   * Sends, where there is a socket. Where it was lost, the next wait for a message resumes, and hears again what to answer.
   * @param {object} message
   * @returns {boolean}
   */
  #sendOrResume(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #close() {
    this.#socket?.close();
  }

  #refuseIfAborted() {
    if (this.#aborted) {
      throw new RdaError("aborted");
    }
  }

  /** @param {Progress} detail */
  #tell(detail) {
    const { progress, hint = null } = detail;
    this.#emit("state", detail);
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#emit("progress", progress);
    }
    if (hint !== this.#hint) {
      this.#hint = hint;
      this.#emit("hint", hint);
    }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {"denied" | "not-delegated"} state */
function refused(state) {
  return state === "denied"
    ? new RdaError("browser_permission_denied")
    : new RdaError("browser_frame_not_allowed", { retryable: false, who: "developer" });
}

/** Safari lets no page that came over https open an unencrypted socket, not even to this computer. */
function refusesLoopback() {
  return location.protocol === "https:" && navigator.vendor.startsWith("Apple");
}

/**
 * @param {boolean} asked Whether the browser seems to have asked, and got no answer.
 * @returns {Promise<Cause[]>}
 */
async function likelyCauses(asked) {
  /** @type {Cause[]} */
  const causes = ["not-installed", "not-running", "blocked", "other-user"];
  // Brave blocks such sockets by itself, so that there a missing program is the less likely cause.
  if (await /** @type {any} */ (navigator).brave?.isBrave?.()) {
    causes.unshift(...causes.splice(causes.indexOf("blocked"), 1));
  }
  return asked ? ["unanswered", ...causes] : causes;
}
