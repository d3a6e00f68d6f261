/* librda: terminal and verifier for electronic travel documents (ICAO Doc 9303). See docs/c-interface.md.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Made from the sources by cbindgen: changes belong there. */

#ifndef RDA_H
#define RDA_H

#include <stddef.h>
#include <stdint.h>

/**
 * Number of the binary interface that this header describes. It changes when a function, a structure or the meaning of
 * one changes; functions and constants that are only added leave it as it is. The shared library bears it in its name.
 */
#define RDA_ABI_VERSION 0

/**
 * What every function returns: RDA_CODE_OK, or why it did not do what it was asked to.
 *
 * Each code has a text key: the key of a sentence for the person at the reader, as in the project's own language files
 * (`protocol/text/en.ftl` and `nl.ftl`).
 */
typedef enum {
  /**
   * Done. Of a check: passed, or the document does not offer what is checked.
   */
  RDA_CODE_OK = 0,
  /**
   * A pointer that must not be null is null, or is not aligned.
   */
  RDA_CODE_NULL_POINTER = 1,
  /**
   * An argument that is none of those allowed.
   */
  RDA_CODE_ARGUMENT = 2,
  /**
   * This function cannot be called now.
   */
  RDA_CODE_WRONG_STATE = 3,
  /**
   * Another thread is inside this handle, or a callback called back into it.
   */
  RDA_CODE_BUSY = 4,
  /**
   * The library's own fault; a panic was caught. The handle is of no more use, and can be freed.
   */
  RDA_CODE_INTERNAL = 5,
  /**
   * The chip went away while it was read.
   */
  RDA_CODE_DOCUMENT_LOST = 10,
  /**
   * The chip does not answer as it should, or takes too many commands.
   */
  RDA_CODE_DOCUMENT_UNREADABLE = 11,
  /**
   * Another program holds the chip.
   */
  RDA_CODE_DOCUMENT_IN_USE = 12,
  /**
   * The reader was taken away.
   */
  RDA_CODE_READER_LOST = 13,
  /**
   * The reader or its driver failed.
   */
  RDA_CODE_READER_FAILED = 14,
  /**
   * rda_terminal_cancel was called, or a callback said so.
   */
  RDA_CODE_CANCELLED = 15,
  /**
   * Another document lies there than the one that was being read.
   */
  RDA_CODE_DOCUMENT_SWAPPED = 16,
  /**
   * The chip refused the access data.
   */
  RDA_CODE_ACCESS_DATA_WRONG = 20,
  /**
   * None of the access data given can open this document.
   */
  RDA_CODE_ACCESS_DATA_MISSING = 21,
  /**
   * The chip opens by PACE only, in a form that is not supported.
   */
  RDA_CODE_PACE_ONLY = 22,
  /**
   * The chip is slow, as after wrong attempts.
   */
  RDA_CODE_ACCESS_SLOW = 23,
  /**
   * The chip broke off BAC or PACE.
   */
  RDA_CODE_ACCESS_FAILED = 24,
  /**
   * The chip has blocked or suspended the access data after wrong attempts.
   */
  RDA_CODE_ACCESS_BLOCKED = 25,
  /**
   * The card is no travel document.
   */
  RDA_CODE_NOT_A_DOCUMENT = 30,
  /**
   * The secure channel broke.
   */
  RDA_CODE_SECURE_MESSAGING_FAILED = 31,
  /**
   * The chip has no such file.
   */
  RDA_CODE_FILE_NOT_FOUND = 32,
  /**
   * The file may not be read, or cannot.
   */
  RDA_CODE_FILE_UNREADABLE = 33,
  /**
   * The file breaks the standard.
   */
  RDA_CODE_FILE_MALFORMED = 34,
  /**
   * The files of the chip contradict each other.
   */
  RDA_CODE_FILES_INCONSISTENT = 35,
  /**
   * The chip refused Active Authentication.
   */
  RDA_CODE_ACTIVE_AUTHENTICATION_FAILED = 36,
  /**
   * The chip refused Chip Authentication.
   */
  RDA_CODE_CHIP_AUTHENTICATION_FAILED = 37,
  /**
   * The verifier's key does not fit what the chip offers.
   */
  RDA_CODE_CHIP_AUTHENTICATION_MISMATCH = 38,
  /**
   * The verifier's commands do more than read the identity file.
   */
  RDA_CODE_COMMAND_FORBIDDEN = 39,
  /**
   * A file or a signature that the document's own list demands was not brought.
   */
  RDA_CODE_EVIDENCE_INCOMPLETE = 50,
  /**
   * What was brought cannot be read.
   */
  RDA_CODE_EVIDENCE_MALFORMED = 51,
  /**
   * A file is not the one that was signed.
   */
  RDA_CODE_DOCUMENT_ALTERED = 52,
  /**
   * No trust anchor of this kind and state vouches for the document.
   */
  RDA_CODE_ISSUER_UNKNOWN = 53,
  /**
   * The signature of the document does not hold.
   */
  RDA_CODE_SIGNATURE_WRONG = 54,
  /**
   * The signer of the document was revoked.
   */
  RDA_CODE_SIGNER_REVOKED = 55,
  /**
   * The chip did not prove itself.
   */
  RDA_CODE_CHIP_NOT_GENUINE = 56,
  /**
   * The chip has no proof to offer that was looked at.
   */
  RDA_CODE_NO_CHIP_PROOF = 57,
  /**
   * A certificate, master list or revocation list that is none.
   */
  RDA_CODE_CERTIFICATE_MALFORMED = 70,
  /**
   * No anchor in the store vouches for the list.
   */
  RDA_CODE_NOT_VOUCHED_FOR = 71,
} RdaCode;

/**
 * What rda_terminal_next asks for.
 */
typedef enum {
  /**
   * Nothing: what was begun is done, or has failed.
   */
  RDA_STEP_KIND_DONE = 0,
  /**
   * Send `command` to the chip, and hand its response to rda_terminal_respond.
   */
  RDA_STEP_KIND_TRANSMIT = 1,
  /**
   * Cut and restore power to the chip, and say so to rda_terminal_respond, with a response of length 0.
   */
  RDA_STEP_KIND_RESET = 2,
  /**
   * Show progress, if you like, and call rda_terminal_next again.
   */
  RDA_STEP_KIND_PROGRESS = 3,
} RdaStepKind;

/**
 * How a chip was opened.
 */
typedef enum {
  /**
   * Not yet.
   */
  RDA_ACCESS_NONE = 0,
  /**
   * Basic Access Control.
   */
  RDA_ACCESS_BAC = 1,
  /**
   * PACE with Generic Mapping.
   */
  RDA_ACCESS_PACE_GM = 2,
  /**
   * PACE with Integrated Mapping.
   */
  RDA_ACCESS_PACE_IM = 3,
  /**
   * PACE with Chip Authentication Mapping.
   */
  RDA_ACCESS_PACE_CAM = 4,
} RdaAccess;

/**
 * What came of one check.
 */
typedef enum {
  /**
   * Not looked at.
   */
  RDA_OUTCOME_NOT_PERFORMED = 0,
  /**
   * The document does not offer it.
   */
  RDA_OUTCOME_NOT_SUPPORTED = 1,
  /**
   * It failed.
   */
  RDA_OUTCOME_FAILED = 2,
  /**
   * It holds, but nothing vouches for the key behind it.
   */
  RDA_OUTCOME_PASSED_UNTRUSTED = 3,
  /**
   * It passed.
   */
  RDA_OUTCOME_PASSED = 4,
} RdaOutcome;

/**
 * What became of an exchange with the chip. Any other number counts as RDA_LINK_FAILED.
 */
typedef enum {
  /**
   * The chip answered, whatever its status word.
   */
  RDA_LINK_OK = 0,
  /**
   * Anything that is not named below.
   */
  RDA_LINK_FAILED = 1,
  /**
   * The document left the field.
   */
  RDA_LINK_REMOVED = 2,
  /**
   * The chip was reset, by another program or by a short loss of the field.
   */
  RDA_LINK_RESET = 3,
  /**
   * The chip did not answer in time.
   */
  RDA_LINK_TIMEOUT = 4,
  /**
   * Another program holds the chip.
   */
  RDA_LINK_SHARING = 5,
  /**
   * Command or response are longer than the link carries.
   */
  RDA_LINK_TOO_LONG = 6,
  /**
   * The smart-card service stopped, or the reader was unplugged.
   */
  RDA_LINK_SERVICE = 7,
  /**
   * Nothing more is wanted of this chip.
   */
  RDA_LINK_CANCELLED = 8,
} RdaLink;

/**
 * Files. Data groups have their numbers: 1 to 16, of driving licences 1 to 14.
 */
typedef enum {
  /**
   * Machine readable zone; of a driving licence, the holder's data.
   */
  RDA_FILE_DG1 = 1,
  /**
   * Face image; of a driving licence, further data of the holder.
   */
  RDA_FILE_DG2 = 2,
  /**
   * Of a Dutch driving licence: the line of 30 characters without its first and last.
   */
  RDA_FILE_DG12 = 12,
  /**
   * Of a driving licence: key of Active Authentication.
   */
  RDA_FILE_DG13 = 13,
  /**
   * Security options: what the chip offers, and the key of Chip Authentication.
   */
  RDA_FILE_DG14 = 14,
  /**
   * Key of Active Authentication.
   */
  RDA_FILE_DG15 = 15,
  /**
   * EF.CardAccess: how the chip can be opened. Nobody signed it.
   */
  RDA_FILE_CARD_ACCESS = 28,
  /**
   * EF.SOD: the hashes of the data groups, signed.
   */
  RDA_FILE_SOD = 29,
  /**
   * EF.COM: a list of data groups. Nobody signed it.
   */
  RDA_FILE_COM = 30,
} RdaFile;

/**
 * What the terminal is at.
 */
typedef enum {
  /**
   * BAC or PACE begins.
   */
  RDA_STAGE_OPENING = 1,
  /**
   * The chip is open.
   */
  RDA_STAGE_OPENED = 2,
  /**
   * A file is being read.
   */
  RDA_STAGE_READING = 3,
  /**
   * Active Authentication begins.
   */
  RDA_STAGE_ACTIVE_AUTHENTICATION = 4,
  /**
   * Chip Authentication begins.
   */
  RDA_STAGE_CHIP_AUTHENTICATION = 5,
  /**
   * Link or keys were lost; the chip is being opened again.
   */
  RDA_STAGE_INTERRUPTED = 6,
} RdaStage;

/**
 * What a terminal may decide by itself, and what its link carries.
 */
typedef enum {
  /**
   * Bytes of the longest command APDU that the link carries: 261 without being set, at most 65544.
   */
  RDA_OPTION_MAX_COMMAND = 1,
  /**
   * Bytes of the longest response APDU that the link carries: 258 without being set, at most 65538.
   */
  RDA_OPTION_MAX_RESPONSE = 2,
  /**
   * 1: BAC may stand in where the document offers PACE in unknown variants only. 0 without being set.
   */
  RDA_OPTION_FALLBACK_TO_BAC = 3,
  /**
   * Access keys that are tried before the chip is left alone: 2 without being set.
   */
  RDA_OPTION_MOST_KEY_TRIES = 4,
  /**
   * Times that a lost link or lost keys are repaired: 5 without being set.
   */
  RDA_OPTION_MOST_RESUMES = 5,
  /**
   * Bytes of the longest file that is read: 262144 without being set.
   */
  RDA_OPTION_LONGEST_FILE = 6,
  /**
   * Commands spent on the conversation: 32768 without being set.
   */
  RDA_OPTION_MOST_APDUS = 7,
  /**
   * Bytes spent on the conversation: 16777216 without being set.
   */
  RDA_OPTION_MOST_BYTES = 8,
  /**
   * One of RdaDocumentKind: what is on the chip. RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT without being set, and as good for
   * identity cards, which have the same application; a driving licence has its own.
   */
  RDA_OPTION_DOCUMENT_KIND = 9,
} RdaOption;

/**
 * Kinds of documents. An anchor for one kind never vouches for another.
 */
typedef enum {
  /**
   * Passport, or another travel document in booklet form.
   */
  RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT = 1,
  /**
   * Identity card.
   */
  RDA_DOCUMENT_KIND_IDENTITY_CARD = 2,
  /**
   * Driving licence.
   */
  RDA_DOCUMENT_KIND_DRIVING_LICENCE = 3,
} RdaDocumentKind;

/**
 * Who vouches for a master list.
 */
typedef enum {
  /**
   * An anchor that is in the store already: the list is signed, and its signer was certified by that anchor.
   */
  RDA_MASTER_LIST_TRUST_SIGNED = 0,
  /**
   * The caller, who has it from a place that is to be believed. The list need not be signed.
   */
  RDA_MASTER_LIST_TRUST_VOUCHED = 1,
} RdaMasterListTrust;

/**
 * What a verifier puts up with.
 */
typedef enum {
  /**
   * What real documents need: known deviations of issuing states, each named in the verdict, and the algorithms of
   * documents that are still valid.
   */
  RDA_POLICY_FIELD = 0,
  /**
   * Doc 9303 to the letter, and the algorithms of Doc 9303-12, 4.4 only.
   */
  RDA_POLICY_STRICT = 1,
} RdaPolicy;

/**
 * APDUs in order: a verifier's commands to the chip, or the chip's answers.
 */
typedef struct RdaApduList RdaApduList;

/**
 * Trust anchors (CSCA certificates) and revocation lists.
 *
 * Fill it, then use it for as many verifiers as you like: while nothing is added, any number of threads may verify against
 * it at the same time.
 */
typedef struct RdaStore RdaStore;

/**
 * A conversation with one chip.
 *
 * Make it, give it access keys, open the chip, read, prove, free it. With callbacks (rda_terminal_set_transport) the
 * functions rda_terminal_open, _read, _active_authentication and _chip_authentication do all of that and return when it
 * is done. Without, each has a twin rda_terminal_begin_..., after which rda_terminal_next says what to do next.
 */
typedef struct RdaTerminal RdaTerminal;

/**
 * The evidence of one document on its way to a verdict.
 *
 * The order is: challenge or binding; the signature of EF.SOD; the files; Active Authentication; Chip Authentication, or
 * else the identity file as the terminal read it; the verdict. A check that fails is told by its code at once and stays in
 * the verdict; going on cannot mend it.
 */
typedef struct RdaVerifier RdaVerifier;

/**
 * Bytes that belong to whoever called: give them back with rda_bytes_free, which wipes them first. A zero byte that `len`
 * does not count follows them, so that text can be used as such.
 */
typedef struct {
  /**
   * The bytes; null if there are none.
   */
  uint8_t *data;
  /**
   * How many.
   */
  size_t len;
} RdaBytes;

/**
 * The last error of a handle.
 */
typedef struct {
  /**
   * What the last function returned that failed; RDA_CODE_OK if none has.
   */
  RdaCode code;
  /**
   * Status word of the chip (SW1 and SW2) where one is the reason, else 0.
   */
  uint16_t status_word;
  /**
   * After RDA_CODE_ACCESS_DATA_WRONG: access keys that could open this document and were not tried yet.
   */
  uint32_t keys_left;
  /**
   * Key of a sentence for the person at the reader. Never freed.
   */
  const char *text_key;
  /**
   * English words for the log of a developer. They name steps, files and status words, and nothing of a person. They
   * belong to the handle, and change with its next error.
   */
  const char *message;
} RdaError;

/**
 * Sends `command` to the chip, a whole APDU, and writes its whole response (data, SW1, SW2) to `response`.
 * `*response_len` is the room there, and becomes the length of the response. Returns one of RdaLink.
 *
 * It carries bytes and nothing else: no GET RESPONSE, no retry.
 */
typedef int32_t (*RdaTransmit)(void *context,
                               const uint8_t *command,
                               size_t command_len,
                               uint8_t *response,
                               size_t *response_len);

/**
 * Cuts and restores power to the chip, waiting for the document if it was taken away. Returns one of RdaLink.
 */
typedef int32_t (*RdaReset)(void *context);

/**
 * Is told what the terminal does: `stage` is one of RdaStage. When it reads, `file` is one of RdaFile, of whose `total`
 * bytes `done` have been read; else these are 0.
 */
typedef void (*RdaProgress)(void *context, uint32_t stage, uint32_t file, size_t done, size_t total);

/**
 * What a verifier asks of a chip, on its way to the terminal.
 *
 * From rda_verifier_prepare_chip_authentication the pointers belong to the verifier, until its next call or its end. To a
 * terminal they are the caller's, who made `commands` with rda_apdu_list_new.
 */
typedef struct {
  /**
   * Ephemeral public key: 04, X and Y of a point, or the integer of Diffie-Hellman.
   */
  const uint8_t *public_key;
  /**
   * Its length in bytes.
   */
  size_t public_key_len;
  /**
   * Object identifier of the protocol, in dots.
   */
  const char *protocol;
  /**
   * Which key of the chip, if `has_key_id`.
   */
  uint64_t key_id;
  /**
   * 1 if the chip names its keys, else 0.
   */
  uint32_t has_key_id;
  /**
   * Protected commands, in the order in which they go to the chip.
   */
  const RdaApduList *commands;
} RdaChipCommand;

/**
 * The next step.
 */
typedef struct {
  /**
   * What to do.
   */
  RdaStepKind kind;
  /**
   * Of progress: one of RdaStage, else 0.
   */
  uint32_t stage;
  /**
   * Of progress in reading: one of RdaFile, else 0.
   */
  uint32_t file;
  /**
   * Bytes of the file that have been read.
   */
  size_t done;
  /**
   * Bytes of the whole file.
   */
  size_t total;
  /**
   * The whole command APDU to send. It belongs to the terminal, until rda_terminal_respond.
   */
  const uint8_t *command;
  /**
   * Its length in bytes.
   */
  size_t command_len;
} RdaStep;

/**
 * A conversation so far.
 */
typedef struct {
  /**
   * How the chip was opened.
   */
  RdaAccess access;
  /**
   * 0 if the chip was seen to refuse reading by short file identifier, else 1: what a verifier has to know.
   */
  uint32_t short_identifiers;
  /**
   * Bytes of the longest command that link and chip are known to carry.
   */
  size_t max_command;
  /**
   * Bytes of the longest response that link and chip are known to carry: what a verifier has to know.
   */
  size_t max_response;
  /**
   * Commands sent.
   */
  uint32_t apdus;
  /**
   * How often the chip was opened again after its link or its keys were lost.
   */
  uint32_t resumes;
  /**
   * Bytes of all commands.
   */
  uint64_t bytes_sent;
  /**
   * Bytes of all responses.
   */
  uint64_t bytes_received;
} RdaConversation;

/**
 * How the identity file is to be read in remote Chip Authentication.
 */
typedef struct {
  /**
   * `short_identifiers` of the terminal's RdaConversation: 1, or 0 for a chip that refuses them.
   */
  uint32_t short_identifiers;
  /**
   * `max_response` of the terminal's RdaConversation; 0 for 258.
   */
  size_t max_response;
} RdaReading;

/**
 * What has been established of a document, each check apart.
 */
typedef struct {
  /**
   * 1 if everything holds that is needed to believe the document, else 0.
   */
  uint32_t genuine;
  /**
   * Passive Authentication as a whole.
   */
  RdaOutcome passive_authentication;
  /**
   * Of it: the document signer signed EF.SOD.
   */
  RdaOutcome signature;
  /**
   * Of it: a trust anchor of this kind and state signed the certificate of the document signer.
   */
  RdaOutcome chain;
  /**
   * Of it: both certificates are valid at the time that was given.
   */
  RdaOutcome validity;
  /**
   * Of it: the certificate is for signing documents.
   */
  RdaOutcome usage;
  /**
   * Of it: the signer is not revoked.
   */
  RdaOutcome revocation;
  /**
   * EF.CardAccess agrees with DG14. Told, and decides nothing.
   */
  RdaOutcome card_access;
  /**
   * The chip signed the challenge.
   */
  RdaOutcome active_authentication;
  /**
   * The chip agreed on keys and answered under them.
   */
  RdaOutcome chip_authentication;
  /**
   * Data groups against their hashes in EF.SOD, by number; index 0 is not used.
   */
  RdaOutcome data_groups[17];
  /**
   * 1 if the certificate of the document signer was found, and `signer` is its SHA-256 fingerprint.
   */
  uint32_t has_signer;
  /**
   * 1 if the anchor was found, and `csca` is the SHA-256 fingerprint of its certificate.
   */
  uint32_t has_csca;
  /**
   * See `has_signer`.
   */
  uint8_t signer[32];
  /**
   * See `has_csca`.
   */
  uint8_t csca[32];
  /**
   * Number of deviations from the standards that were met; the JSON names them.
   */
  uint32_t deviations;
} RdaVerdict;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Number of the binary interface of the library that is loaded: compare it with RDA_ABI_VERSION.
 */
uint32_t rda_abi_version(void);

/**
 * Version of the library, as "0.1.0". Never freed.
 */
const char *rda_version(void);

/**
 * Makes an empty list.
 */
RdaCode rda_apdu_list_new(RdaApduList **out);

/**
 * Appends a copy of an APDU of 2 to 4096 bytes; a list holds up to 16.
 */
RdaCode rda_apdu_list_add(RdaApduList *list, const uint8_t *apdu, size_t apdu_len);

/**
 * How many APDUs a list holds; 0 for null.
 */
size_t rda_apdu_list_len(const RdaApduList *list);

/**
 * Lends one APDU of a list, counted from 0. It belongs to the list, until that is changed or freed.
 */
RdaCode rda_apdu_list_get(const RdaApduList *list,
                          size_t index,
                          const uint8_t **apdu,
                          size_t *apdu_len);

/**
 * Frees a list; null is nothing.
 */
void rda_apdu_list_free(RdaApduList *list);

/**
 * Wipes and frees what the library gave out, and sets the structure to none. Null, and a structure without bytes, are
 * nothing.
 */
void rda_bytes_free(RdaBytes *bytes);

/**
 * Name of a code, as "document_lost"; "unknown" for a number that is none. Never freed.
 */
const char *rda_code_name(int32_t code);

/**
 * Text key of a code, as "error-document-lost"; empty for RDA_CODE_OK. Never freed.
 */
const char *rda_code_text_key(int32_t code);

/**
 * Makes an empty store.
 */
RdaCode rda_store_new(RdaStore **out);

/**
 * Frees a store; null is nothing. Must not be called while a verifier is using it.
 */
void rda_store_free(RdaStore *store);

/**
 * The last error of this handle; of null, null. The structure is good until the handle's next error.
 */
const RdaError *rda_store_last_error(const RdaStore *store);

/**
 * Trusts the certificates of a file, PEM or DER, one or more, for documents of this kind (one of RdaDocumentKind). The
 * caller vouches for them. `state` is the issuing state, as "NLD" or "D"; with null, the one that each certificate's
 * subject names. Either all of the file is taken, or nothing.
 *
 * `added`, which may be null, becomes the number of certificates that were not there before.
 */
RdaCode rda_store_add_certificates(RdaStore *store,
                                   uint32_t kind,
                                   const char *state,
                                   const uint8_t *file,
                                   size_t file_len,
                                   size_t *added);

/**
 * Trusts the certificates of a master list (Doc 9303-12, 9) for documents of this kind (one of RdaDocumentKind), each for
 * the state that its subject names. `trust` is one of RdaMasterListTrust; a signed list must be valid at `time`, seconds
 * since 1970. Elements that are no certificates, or name no state, are left out.
 *
 * `added`, which may be null, becomes the number of certificates that were not there before.
 */
RdaCode rda_store_add_master_list(RdaStore *store,
                                  uint32_t kind,
                                  uint32_t trust,
                                  int64_t time,
                                  const uint8_t *file,
                                  size_t file_len,
                                  size_t *added);

/**
 * Takes in the certificate revocation lists of a file, PEM or DER, for documents of this kind (one of RdaDocumentKind) and
 * state; with `state` null, the one that the list's issuer names. An anchor of this kind and state in the store must have
 * signed each, or RDA_CODE_NOT_VOUCHED_FOR comes back.
 */
RdaCode rda_store_add_revocation_lists(RdaStore *store,
                                       uint32_t kind,
                                       const char *state,
                                       const uint8_t *file,
                                       size_t file_len);

/**
 * How many anchors a store holds, each counted once for each kind and state that it vouches for.
 */
RdaCode rda_store_anchors(const RdaStore *store, size_t *anchors);

/**
 * Makes a terminal. Nothing is sent before rda_terminal_open or rda_terminal_begin_open.
 */
RdaCode rda_terminal_new(RdaTerminal **out);

/**
 * Ends the conversation, and wipes access keys, session keys and files. Null is nothing. Must not be called while another
 * call with this handle runs, nor from inside its callbacks.
 */
void rda_terminal_free(RdaTerminal *terminal);

/**
 * The last error of this handle; of null, null. The structure is good until the handle's next error.
 */
const RdaError *rda_terminal_last_error(const RdaTerminal *terminal);

/**
 * Ends what the conversation is doing, with RDA_CODE_CANCELLED: nothing more is sent to the chip with this handle. The
 * one function that may be called while another runs, from any thread and from inside a callback.
 */
RdaCode rda_terminal_cancel(const RdaTerminal *terminal);

/**
 * The link to the chip as functions: `transmit` must be there; without `reset` a lost chip is not opened again;
 * `progress` may be null. `context` is handed to each as it is.
 *
 * They are called on the thread that calls, and never after that call has returned. They must return, must not throw or
 * jump out, and of this handle's functions may call rda_terminal_cancel only.
 */
RdaCode rda_terminal_set_transport(RdaTerminal *terminal,
                                   RdaTransmit transmit,
                                   RdaReset reset,
                                   RdaProgress progress,
                                   void *context);

/**
 * Sets one of RdaOption, before the chip is opened. Each says what it means and what it is without being set.
 */
RdaCode rda_terminal_set_option(RdaTerminal *terminal,
                                uint32_t option,
                                uint64_t value);

/**
 * Adds an access key from the machine readable zone: the document number without its check digit, the dates of birth and
 * of expiry as YYMMDD. Keys are tried in the order in which they were added.
 */
RdaCode rda_terminal_add_mrz(RdaTerminal *terminal,
                             const char *document_number,
                             const char *date_of_birth,
                             const char *date_of_expiry);

/**
 * Adds the SHA-1 digest of the MRZ information (document number, date of birth and date of expiry, each with its check
 * digit), 20 bytes: it opens the document without telling the fields.
 */
RdaCode rda_terminal_add_mrz_digest(RdaTerminal *terminal,
                                    const uint8_t *digest);

/**
 * Adds the access keys of a driving licence: the line of 30 characters that is printed on it. It makes two, since there are
 * two readings of the standard. See RDA_OPTION_DOCUMENT_KIND.
 */
RdaCode rda_terminal_add_licence_line(RdaTerminal *terminal,
                                      const char *line);

/**
 * Adds a card access number: six digits, or the ten characters of a driving licence. It opens documents that have PACE.
 */
RdaCode rda_terminal_add_can(RdaTerminal *terminal,
                             const char *card_access_number);

/**
 * Adds the two hashes from which the PACE key is cut (Doc 9303-11, 9.7.1): the first 16 bytes of SHA-1 and the 32 bytes
 * of SHA-256 of `password || 00000003`.
 */
RdaCode rda_terminal_add_pace_key(RdaTerminal *terminal,
                                  const uint8_t *sha1_16,
                                  const uint8_t *sha256_32);

/**
 * Binds the proofs that follow to an origin and a request, as docs/protocol.md has it: `origin` in the spelling of a
 * browser ("https://login.example"), `request` the octets that the verifier signed (of a JWS, those up to its second dot).
 * The verifier must bind to the same, and both proofs then hold for these two only.
 */
RdaCode rda_terminal_bind(RdaTerminal *terminal,
                          const char *origin,
                          const uint8_t *request,
                          size_t request_len);

/**
 * Opens the chip with the first key that it accepts, by PACE where it has that and by BAC otherwise.
 *
 * After RDA_CODE_ACCESS_DATA_WRONG with `keys_left`, calling it again goes on with the keys that were not tried: do so
 * when the document has been taken away and laid again, because chips slow down after wrong keys.
 */
RdaCode rda_terminal_open(RdaTerminal *terminal);

/**
 * Reads a whole file, one of RdaFile. The terminal keeps EF.SOD, DG14 and DG15 (of a driving licence, DG13), which its
 * proofs need.
 */
RdaCode rda_terminal_read(RdaTerminal *terminal,
                          uint32_t file,
                          RdaBytes *content);

/**
 * Lets the chip sign a challenge of 8 bytes; with null, the one that follows from rda_terminal_bind. EF.SOD and DG15
 * (of a driving licence, DG13) must have been read.
 */
RdaCode rda_terminal_active_authentication(RdaTerminal *terminal,
                                           const uint8_t *challenge,
                                           RdaBytes *signature);

/**
 * Carries out what a verifier asks: hands its public key to the chip, bound if rda_terminal_bind was called, and then
 * passes on its commands. The answers are for the verifier to judge, and cannot be read here. EF.SOD and DG14 must have
 * been read.
 *
 * Only what reads DG1 (of a driving licence, DG12) is passed on (docs/protocol.md); anything else is RDA_CODE_COMMAND_FORBIDDEN.
 */
RdaCode rda_terminal_chip_authentication(RdaTerminal *terminal,
                                         const RdaChipCommand *command,
                                         RdaApduList **answers);

/**
 * Begins what rda_terminal_open does; go on with rda_terminal_next.
 */
RdaCode rda_terminal_begin_open(RdaTerminal *terminal);

/**
 * Begins what rda_terminal_read does; go on with rda_terminal_next, and take the file with rda_terminal_take_bytes.
 */
RdaCode rda_terminal_begin_read(RdaTerminal *terminal,
                                uint32_t file);

/**
 * Begins what rda_terminal_active_authentication does; go on with rda_terminal_next, and take the signature with
 * rda_terminal_take_bytes.
 */
RdaCode rda_terminal_begin_active_authentication(RdaTerminal *terminal,
                                                 const uint8_t *challenge);

/**
 * Begins what rda_terminal_chip_authentication does; go on with rda_terminal_next, and take the answers with
 * rda_terminal_take_answers.
 */
RdaCode rda_terminal_begin_chip_authentication(RdaTerminal *terminal,
                                               const RdaChipCommand *command);

/**
 * Says what to do next. It computes and never waits for the chip: some milliseconds, or some tens of them in PACE.
 *
 * Returns RDA_CODE_OK and a step; after RDA_STEP_KIND_TRANSMIT and _RESET answer with rda_terminal_respond. When what was
 * begun has failed, it returns the reason, and the step is RDA_STEP_KIND_DONE.
 */
RdaCode rda_terminal_next(RdaTerminal *terminal,
                          RdaStep *step);

/**
 * Answers a step: with RDA_LINK_OK and the chip's whole response (data, SW1, SW2), or none after a reset; or with what
 * happened to the link, one of RdaLink.
 */
RdaCode rda_terminal_respond(RdaTerminal *terminal,
                             int32_t link,
                             const uint8_t *response,
                             size_t response_len);

/**
 * Takes the file or the signature that was begun and is done.
 */
RdaCode rda_terminal_take_bytes(RdaTerminal *terminal, RdaBytes *taken);

/**
 * Takes the answers of Chip Authentication that was begun and is done.
 */
RdaCode rda_terminal_take_answers(RdaTerminal *terminal, RdaApduList **taken);

/**
 * How the chip was opened, what the link carries and what the conversation has cost: as of the end of the last operation.
 */
RdaCode rda_terminal_conversation(RdaTerminal *terminal,
                                  RdaConversation *conversation);

/**
 * Makes a verifier for a document of this kind (one of RdaDocumentKind), as the register or the application knows it, under
 * a policy (one of RdaPolicy).
 */
RdaCode rda_verifier_new(uint32_t kind,
                         uint32_t policy,
                         RdaVerifier **out);

/**
 * Ends a verification, and wipes its keys and what it read of the document. Null is nothing.
 */
void rda_verifier_free(RdaVerifier *verifier);

/**
 * The last error of this handle; of null, null. The structure is good until the handle's next error.
 */
const RdaError *rda_verifier_last_error(const RdaVerifier *verifier);

/**
 * Draws a challenge for Active Authentication, 8 bytes, for the terminal. Once only; not after rda_verifier_bind.
 */
RdaCode rda_verifier_make_challenge(RdaVerifier *verifier,
                                    uint8_t *challenge);

/**
 * Takes a challenge of 8 bytes that an earlier verifier drew, for hosts that keep it elsewhere between two requests. It
 * must be used once.
 */
RdaCode rda_verifier_set_challenge(RdaVerifier *verifier,
                                   const uint8_t *challenge);

/**
 * Binds both proofs to an origin and a request, as docs/protocol.md has it and rda_terminal_bind does on the other side.
 * Takes the place of a challenge, for terminals that bind, such as the project's own.
 */
RdaCode rda_verifier_bind(RdaVerifier *verifier,
                          const char *origin,
                          const uint8_t *request,
                          size_t request_len);

/**
 * Passive Authentication: verifies the signature of EF.SOD against a store, for a document of `state` (as "NLD" or "D")
 * at `time`, seconds since 1970.
 *
 * Fails with RDA_CODE_ISSUER_UNKNOWN, _SIGNATURE_WRONG, _SIGNER_REVOKED or _EVIDENCE_MALFORMED.
 */
RdaCode rda_verifier_verify_signature(RdaVerifier *verifier,
                                      const RdaStore *store,
                                      const char *state,
                                      int64_t time,
                                      const uint8_t *sod,
                                      size_t sod_len);

/**
 * Verifies that the files which prove the chip are those that EF.SOD lists, no fewer and no others: DG14, and DG15 (of a
 * driving licence, DG13). EF.CardAccess is compared with DG14, and decides nothing. A file that the document does not have
 * is null with length 0.
 *
 * Fails with RDA_CODE_EVIDENCE_INCOMPLETE, _DOCUMENT_ALTERED or _EVIDENCE_MALFORMED.
 */
RdaCode rda_verifier_verify_files(RdaVerifier *verifier,
                                  const uint8_t *card_access,
                                  size_t card_access_len,
                                  const uint8_t *dg14,
                                  size_t dg14_len,
                                  const uint8_t *dg15,
                                  size_t dg15_len);

/**
 * Verifies the chip's signature over the challenge. Null with length 0 says that there is none: a failure if the document
 * has a key for it.
 *
 * Fails with RDA_CODE_EVIDENCE_INCOMPLETE or _CHIP_NOT_GENUINE.
 */
RdaCode rda_verifier_verify_active_authentication(RdaVerifier *verifier,
                                                  const uint8_t *signature,
                                                  size_t signature_len);

/**
 * Prepares remote Chip Authentication: a key of the verifier's own, and commands that read the identity file under keys
 * that only the chip and this verifier will have. Hand them to the terminal, and its answers to
 * rda_verifier_verify_chip_authentication.
 *
 * Fails with RDA_CODE_NO_CHIP_PROOF if the document has no key for it: the identity file is then brought by the terminal,
 * see rda_verifier_verify_identity_file.
 */
RdaCode rda_verifier_prepare_chip_authentication(RdaVerifier *verifier,
                                                 const RdaReading *reading,
                                                 RdaChipCommand *command);

/**
 * Verifies the chip's answers, and with them the identity file that they bring.
 *
 * Fails with RDA_CODE_CHIP_NOT_GENUINE, _FILE_UNREADABLE (the chip proved itself, and did not give the file) or
 * _DOCUMENT_ALTERED.
 */
RdaCode rda_verifier_verify_chip_authentication(RdaVerifier *verifier,
                                                const RdaApduList *answers);

/**
 * Verifies the identity file (DG1; of a driving licence, DG12) as the terminal read it, for documents without Chip Authentication. With Chip
 * Authentication it is RDA_CODE_WRONG_STATE: such a file comes through the chip's own channel only.
 *
 * Fails with RDA_CODE_DOCUMENT_ALTERED.
 */
RdaCode rda_verifier_verify_identity_file(RdaVerifier *verifier,
                                          const uint8_t *file,
                                          size_t file_len);

/**
 * The verdict: every check, and whether the document is genuine. `genuine` is 1 only if nothing that was looked at failed,
 * the issuing state vouches for it, the chip itself gave at least one proof, and the identity file was verified.
 */
RdaCode rda_verifier_verdict(RdaVerifier *verifier,
                             RdaVerdict *verdict);

/**
 * The verdict as JSON in UTF-8, with the reason of each failure and the names of all deviations. It names nothing of a
 * person, but the fingerprints of certificates.
 */
RdaCode rda_verifier_verdict_json(RdaVerifier *verifier,
                                  RdaBytes *json);

/**
 * The identity file (DG1; of a driving licence, DG12), once the verdict is that the document is genuine; before, RDA_CODE_WRONG_STATE.
 */
RdaCode rda_verifier_identity_file(RdaVerifier *verifier,
                                   RdaBytes *file);

/**
 * The machine readable zone of the identity file, lines joined without a break: 88, 90 or 72 characters. As
 * rda_verifier_identity_file.
 */
RdaCode rda_verifier_mrz(RdaVerifier *verifier,
                         RdaBytes *mrz);

/**
 * The line of a Dutch driving licence, 30 characters, from its identity file: it bears the number of the licence, and no
 * name. As rda_verifier_identity_file.
 */
RdaCode rda_verifier_licence_line(RdaVerifier *verifier,
                                  RdaBytes *line);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RDA_H */
