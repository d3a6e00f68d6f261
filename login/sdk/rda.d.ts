/**
 * Asks the browser whether this page may connect to this computer. The citizen is asked nothing.
 * @returns {Promise<Permission>}
 */
export function permission(): Promise<Permission>;
/**
 * Page SDK of Remote Document Authentication: finds the reader program on this computer, and carries messages between
 * it and the login server. It holds no secret and decides nothing. One ES module, no dependencies, no build step.
 *
 * Use: inside a click, `await login.connect()`, then `await login.run(carrier)`.
 *
 * @module
 */
/** Ports on which the reader program may listen, in the order in which they are tried. */
export const PORTS: readonly number[];
/** Subprotocol of RFC 6455 1.9; a program that does not answer with it is not the reader program. */
export const SUBPROTOCOL: "rda.v1";
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
    constructor(code: string, details?: {
        layer?: string;
        retryable?: boolean;
        who?: string;
        text?: string;
        causes?: readonly Cause[];
    });
    /** Which failure. */
    code: string;
    /** `browser`, `gate`, `service`, `reader`, `link`, `access`, `chip` or `server`. */
    layer: string;
    /** Whether trying again can help. */
    retryable: boolean;
    /** Who can mend it: `citizen`, `operator` or `developer`. */
    who: string;
    /** Key of the sentence to show, with a title and an action beside it. */
    text: string;
    /**
     * Of `daemon_unreachable`: what may be the cause, the likeliest first.
     * @type {readonly Cause[]}
     */
    causes: readonly Cause[];
}
/**
 * One login. Emits, each as a `CustomEvent`:
 * - `permission`, with a {@link Permission}, before the first connection;
 * - `state`, with a {@link Progress}, on every change;
 * - `progress`, with a number from 0 to 100, when it has changed;
 * - `hint`, with its name or `null`, when it has changed.
 */
export class RdaLogin extends EventTarget {
    /**
     * @param {{ports?: readonly number[], signal?: AbortSignal}} [options] `ports`: where to look instead of on
     *   {@link PORTS}; `signal`: does what {@link RdaLogin.abort} does.
     */
    constructor({ ports, signal }?: {
        ports?: readonly number[];
        signal?: AbortSignal;
    });
    /**
     * Finds the reader program. Call it inside a click: browsers ask the citizen for permission only then.
     * @returns {Promise<void>}
     * @throws {RdaError}
     */
    connect(): Promise<void>;
    /**
     * Carries one login to its end.
     * @param {Carrier} carrier
     * @returns {Promise<"accepted" | "refused">} The outcome as the login server gave it.
     * @throws {RdaError}
     */
    run(carrier: Carrier): Promise<"accepted" | "refused">;
    /** Stops: tells the reader program and lets go of the socket. A running `run()` ends with `aborted`. */
    abort(): void;
    #private;
}
/**
 * Why the reader program may not be reachable. The browser tells a page nothing about it.
 */
export type Cause = "unanswered" | "not-installed" | "not-running" | "blocked" | "other-user";
/**
 * What the browser says about connections to this computer.
 * - `granted`: it will connect.
 * - `prompt`: it will ask the citizen.
 * - `denied`: the citizen, or an administrator, said no.
 * - `not-delegated`: this page is in a frame whose owner does not pass the permission on.
 * - `unknown`: this browser has no such permission. It connects, or it holds the socket while it asks.
 */
export type Permission = "granted" | "prompt" | "denied" | "not-delegated" | "unknown";
/**
 * How far a login is.
 */
export type Progress = {
    /**
     * `connecting`, then the states of the reader program: `waiting_for_reader`,
     * `waiting_for_document`, `opening`, `reading`, `proving`, `waiting_for_server`, `confirming`, `paused`, `done`
     */
    state: string;
    /**
     * 0 to 100
     */
    progress: number;
    /**
     * What the citizen can do: `browser_asks` while connecting, else one of the reader
     * program's, such as `document_moved`
     */
    hint?: string | null | undefined;
    reader?: {
        name: string;
        attached: boolean;
    } | null | undefined;
};
/**
 * How messages get to the login server, and what the citizen typed.
 */
export type Carrier = {
    /**
     * The signed request.
     */
    request: string;
    /**
     * What the citizen typed, where the request opens no chip by itself: in capitals, dates as `YYMMDD`, the line of a driving
     * licence with its 30 characters.
     */
    access?: {
        document_number: string;
        date_of_birth: string;
        date_of_expiry: string;
    } | {
        can: string;
    } | {
        licence_line: string;
    } | undefined;
    /**
     * Language of what the reader program itself shows, such as `nl`.
     */
    language?: string | undefined;
    /**
     * Brings the first
     * sealed message to the server; gives its command for the chip, or the outcome.
     */
    evidence: (sealed: string) => Promise<{
        chip_authentication?: string;
        outcome?: string;
    }>;
    /**
     * Brings the second one; gives the outcome.
     */
    result: (sealed: string) => Promise<{
        outcome?: string;
    }>;
};
