// @ts-check
/**
 * Page SDK of Remote Document Authentication: finds the reader program on this computer, and carries messages between
 * it and the login server. It holds no secret and decides nothing. One ES module, no dependencies.
 *
 * Use: call `connect()` inside a click, then `run()`.
 */

/** Ports on which the reader program may listen, in the order in which they are tried. */
export const PORTS = Object.freeze([9303, 9304, 9305]);

/** Subprotocol of RFC 6455 1.9; a program that does not answer with it is not the reader program. */
export const SUBPROTOCOL = "rda.v1";

const CONNECT_TIMEOUT = 60_000; // the browser may be asking for permission all this time
const MAX_RESUMES = 3;
const MAX_FRAME = 65_536;

/**
 * A failure. `code` is one of the error codes of the protocol. This module itself finds `daemon_unreachable`,
 * `browser_permission_denied`, `browser_frame_not_allowed`, `connection_lost` and `message_unexpected`; `aborted` is the
 * end of a login that the page broke off.
 */
export class RdaError extends Error {
  /**
   * @param {string} code
   * @param {{layer?: string, retryable?: boolean, who?: string, text?: string}} [details]
   */
  constructor(code, details = {}) {
    super(code);
    this.name = "RdaError";
    this.code = code;
    /** `browser`, `gate`, `service`, `reader`, `link`, `access`, `chip` or `server`. */
    this.layer = details.layer ?? "browser";
    /** Whether trying again can help. */
    this.retryable = details.retryable ?? true;
    /** Who can mend it: `citizen`, `operator` or `developer`. */
    this.who = details.who ?? "citizen";
    /** Key of the sentence to show, with a title and an action beside it. */
    this.text = details.text ?? `error-${code.replaceAll("_", "-")}`;
  }
}

/**
 * What the browser says about connections to this computer, without asking the citizen.
 * @returns {Promise<"granted" | "prompt" | "denied" | "not-delegated" | "unknown">} `unknown` where the browser has no
 *   such permission.
 */
export async function permission() {
  const policy = /** @type {any} */ (document).permissionsPolicy ?? /** @type {any} */ (document).featurePolicy;
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
      const known = policy?.features?.().includes(name);
      if (status.state === "denied" && known && !policy.allowsFeature(name)) {
        return "not-delegated";
      }
      return status.state;
    } catch {
      // This browser does not know the permission by this name.
    }
  }
  return "unknown";
}

/**
 * @typedef {object} Progress
 * @property {string} state `connecting`, `waiting_for_reader`, `waiting_for_document`, `opening`, `reading`, `proving`,
 *   `waiting_for_server`, `confirming`, `paused`, `done`
 * @property {number} progress 0 to 100
 * @property {string} [hint]
 * @property {{name: string, attached: boolean}} [reader]
 */

/**
 * @typedef {object} Carrier How messages get to the login server. Each answer is either what goes back to the reader
 *   program, or the outcome.
 * @property {string} request The signed request.
 * @property {object} [access] What the citizen typed, where the request opens no chip by itself.
 * @property {string} language Language of the notification on the desktop.
 * @property {(sealed: string) => Promise<{chip_authentication?: string, outcome?: string}>} evidence
 * @property {(sealed: string) => Promise<{outcome?: string}>} result
 */

/**
 * One login. Emits `state` events whose `detail` is a {@link Progress}.
 */
export class RdaLogin extends EventTarget {
  /** @type {WebSocket | undefined} */ #socket;
  /** @type {number | undefined} */ #port;
  /** @type {string | undefined} */ #session;
  /** @type {string[]} */ #queue = [];
  /** @type {{resolve: (frame: string) => void, reject: (error: RdaError) => void} | undefined} */ #waiting;
  #closed = false;
  #aborted = false;
  #deadline = 0;
  #ports;

  /** @param {{ports?: readonly number[]}} [options] */
  constructor({ ports = PORTS } = {}) {
    super();
    this.#ports = ports;
  }

  /**
   * Finds the reader program. Call it inside a click: browsers may ask for permission only then.
   * @returns {Promise<void>}
   */
  async connect() {
    this.#emit({ state: "connecting", progress: 0 });
    const state = await permission();
    if (state === "denied" || state === "not-delegated") {
      throw new RdaError(state === "denied" ? "browser_permission_denied" : "browser_frame_not_allowed");
    }
    for (const port of this.#ports) {
      this.#refuseIfAborted();
      if (await this.#open(port)) {
        this.#port = port;
        return;
      }
    }
    this.#refuseIfAborted();
    // The citizen may have answered the browser's question with no.
    throw new RdaError((await permission()) === "denied" ? "browser_permission_denied" : "daemon_unreachable");
  }

  /**
   * Carries one login to its end.
   * @param {Carrier} carrier
   * @returns {Promise<string>} The outcome as the login server gave it.
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
          this.#emit(message);
          break;
        case "evidence": {
          const answer = await carrier.evidence(message.sealed);
          if (answer.chip_authentication === undefined) {
            return this.#finish(answer.outcome);
          }
          this.#send({ type: "chip_authentication", command: answer.chip_authentication });
          break;
        }
        case "chip_authentication_result": {
          const answer = await carrier.result(message.sealed);
          return this.#finish(answer.outcome);
        }
        case "error":
          this.#close();
          throw new RdaError(message.code, message);
        default:
          this.#close();
          throw new RdaError("message_unexpected");
      }
    }
  }

  /** Stops: tells the reader program and lets go of the socket. A running `run()` ends with `aborted`. */
  abort() {
    this.#aborted = true;
    try {
      this.#send({ type: "cancel" });
    } catch {
      // There is nobody left to tell.
    }
    this.#close();
    this.#waiting?.reject(new RdaError("aborted"));
    this.#waiting = undefined;
  }

  /**
   * @param {number} port
   * @returns {Promise<boolean>}
   */
  #open(port) {
    return new Promise((resolve) => {
      let socket;
      try {
        socket = new WebSocket(`ws://127.0.0.1:${port}/`, SUBPROTOCOL);
      } catch {
        resolve(false);
        return;
      }
      const timer = setTimeout(() => socket.close(), CONNECT_TIMEOUT);
      this.#socket = socket;
      this.#closed = false;
      socket.onopen = () => {
        clearTimeout(timer);
        const ours = socket.protocol === SUBPROTOCOL;
        if (!ours) {
          socket.close();
        }
        resolve(ours);
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
      socket.onclose = () => {
        clearTimeout(timer);
        resolve(false);
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
    for (let resumes = 0; ; resumes += 1) {
      try {
        const frame = await this.#frame();
        const message = JSON.parse(frame);
        if (message === null || typeof message !== "object" || typeof message.type !== "string") {
          throw new RdaError("message_unexpected");
        }
        return message;
      } catch (error) {
        if (error instanceof SyntaxError) {
          this.#close();
          throw new RdaError("message_unexpected");
        }
        const lost = error instanceof RdaError && error.code === "connection_lost";
        if (!lost || this.#aborted || resumes >= MAX_RESUMES || !(await this.#resume())) {
          throw error;
        }
      }
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

  /** @returns {Promise<boolean>} */
  async #resume() {
    if (this.#session === undefined || this.#port === undefined || Date.now() >= this.#deadline) {
      return false;
    }
    if (!(await this.#open(this.#port))) {
      return false;
    }
    this.#send({ type: "resume", session: this.#session });
    return true;
  }

  /**
   * @param {string | undefined} outcome
   * @returns {string}
   */
  #finish(outcome) {
    if (outcome !== "accepted" && outcome !== "refused") {
      this.#close();
      throw new RdaError("message_unexpected", { layer: "server", who: "developer" });
    }
    try {
      this.#send({ type: "finish", outcome });
    } catch {
      // The verdict stands, whether the reader program hears of it or not.
    }
    this.#emit({ state: "done", progress: 100 });
    this.#session = undefined;
    return outcome;
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      throw new RdaError("connection_lost");
    }
    this.#socket.send(JSON.stringify(message));
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
  #emit(detail) {
    this.dispatchEvent(new CustomEvent("state", { detail }));
  }
}
