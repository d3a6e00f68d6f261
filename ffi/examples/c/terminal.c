/* A terminal: reads a document, and lets its chip prove itself to a verifier at the other end of standard input and output.
 *
 *     terminal ORIGIN simulated PROFILE   ACCESS     (built with -DWITH_SIMULATOR -lrda_simulator)
 *     terminal ORIGIN reader "NAME"       ACCESS     (built with -DWITH_PCSC, libpcsclite)
 *
 * ORIGIN is where this terminal knows the verifier to be: what the verifier says of itself is not asked. ACCESS is, of a
 * passport or an identity card, DOCUMENT-NUMBER BIRTH EXPIRY with dates as YYMMDD; of a driving licence, its line of 30
 * characters. In earnest they are typed or read by a camera: everybody on a computer can see the arguments of a program. */
#define _POSIX_C_SOURCE 200809L

#include "wire.h"

#include <rda.h>

#ifdef WITH_SIMULATOR
#include <rda_simulator.h>
#endif
#ifdef WITH_PCSC
#include <winscard.h>
#endif

static int failed(const char *what, const RdaTerminal *terminal) {
    const RdaError *error = rda_terminal_last_error(terminal);
    fprintf(stderr, "terminal: %s: %s (%s)\n", what, error ? error->message : "", error ? error->text_key : "");
    return 1;
}

static void show(void *context, uint32_t stage, uint32_t file, size_t done, size_t total) {
    (void)context;
    if (stage == RDA_STAGE_READING && done == total) fprintf(stderr, "terminal: file %u, %zu bytes\n", file, total);
}

#ifdef WITH_PCSC
typedef struct {
    SCARDCONTEXT service;
    SCARDHANDLE card;
} Reader;

static int32_t link_of(LONG result) {
    switch (result) {
    case SCARD_S_SUCCESS: return RDA_LINK_OK;
    case SCARD_W_REMOVED_CARD:
    case SCARD_E_NO_SMARTCARD: return RDA_LINK_REMOVED;
    case SCARD_W_RESET_CARD: return RDA_LINK_RESET;
    case SCARD_E_TIMEOUT: return RDA_LINK_TIMEOUT;
    case SCARD_E_SHARING_VIOLATION: return RDA_LINK_SHARING;
    case SCARD_E_INSUFFICIENT_BUFFER: return RDA_LINK_TOO_LONG;
    case SCARD_E_NO_SERVICE:
    case SCARD_E_SERVICE_STOPPED:
    case SCARD_E_READER_UNAVAILABLE: return RDA_LINK_SERVICE;
    default: return RDA_LINK_FAILED;
    }
}

static int32_t reader_transmit(void *context, const uint8_t *command, size_t command_len, uint8_t *response,
                               size_t *response_len) {
    Reader *reader = context;
    DWORD len = (DWORD)*response_len;
    LONG result = SCardTransmit(reader->card, SCARD_PCI_T1, command, (DWORD)command_len, NULL, response, &len);
    *response_len = (size_t)len;
    return link_of(result);
}

static int32_t reader_reset(void *context) {
    Reader *reader = context;
    DWORD protocol;
    return link_of(
        SCardReconnect(reader->card, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T1, SCARD_UNPOWER_CARD, &protocol));
}

static int reader_open(Reader *reader, const char *name, RdaTerminal *terminal) {
    DWORD protocol;
    LONG result = SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &reader->service);
    /* Wait until a document lies there. */
    SCARD_READERSTATE state = {0};
    state.szReader = name;
    while (result == SCARD_S_SUCCESS && (state.dwEventState & SCARD_STATE_PRESENT) == 0) {
        state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
        result = SCardGetStatusChange(reader->service, INFINITE, &state, 1);
    }
    if (result == SCARD_S_SUCCESS)
        result =
            SCardConnect(reader->service, name, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T1, &reader->card, &protocol);
    if (result != SCARD_S_SUCCESS) {
        fprintf(stderr, "terminal: %s: %s\n", name, pcsc_stringify_error(result));
        return -1;
    }
    return rda_terminal_set_transport(terminal, reader_transmit, reader_reset, show, reader) == RDA_CODE_OK ? 0 : -1;
}

static void reader_close(Reader *reader) {
    if (reader->card != 0) SCardDisconnect(reader->card, SCARD_UNPOWER_CARD);
    if (reader->service != 0) SCardReleaseContext(reader->service);
}
#endif

/* Reads a file and sends it; one that the document does not have is sent empty. */
static int send_file(RdaTerminal *terminal, uint32_t file, char what, size_t *len) {
    RdaBytes content;
    RdaCode code = rda_terminal_read(terminal, file, &content);
    if (code != RDA_CODE_OK && code != RDA_CODE_FILE_NOT_FOUND) return failed("reading", terminal);
    int sent = put(STDOUT_FILENO, what, content.data, content.len);
    if (len != NULL) *len = content.len;
    rda_bytes_free(&content);
    return sent;
}

static int chip_authentication(RdaTerminal *terminal, const Message *public_key) {
    Message protocol = {NULL, 0}, key_id = {NULL, 0}, count = {NULL, 0}, apdu;
    RdaApduList *commands = NULL, *answers = NULL;
    int result = 1;
    if (get(STDIN_FILENO, 'O', &protocol) != 0 || get(STDIN_FILENO, 'N', &key_id) != 0 ||
        get(STDIN_FILENO, 'M', &count) != 0 || protocol.len == 0 || count.len != 1 ||
        rda_apdu_list_new(&commands) != RDA_CODE_OK)
        goto end;
    for (int i = 0; i < count.data[0]; i++) {
        if (get(STDIN_FILENO, 'c', &apdu) != 0) goto end;
        RdaCode code = rda_apdu_list_add(commands, apdu.data, apdu.len);
        free(apdu.data);
        if (code != RDA_CODE_OK) goto end;
    }
    RdaChipCommand command = {0};
    command.public_key = public_key->data;
    command.public_key_len = public_key->len;
    command.protocol = (const char *)protocol.data;
    command.has_key_id = key_id.len == 8;
    for (size_t i = 0; i < 8 && key_id.len == 8; i++) command.key_id = command.key_id << 8 | key_id.data[i];
    command.commands = commands;
    if (rda_terminal_chip_authentication(terminal, &command, &answers) != RDA_CODE_OK) {
        failed("Chip Authentication", terminal);
        goto end;
    }
    uint8_t answer_count = (uint8_t)rda_apdu_list_len(answers);
    result = put(STDOUT_FILENO, 'R', &answer_count, 1);
    for (size_t i = 0; i < answer_count; i++) {
        const uint8_t *answer;
        size_t len;
        if (rda_apdu_list_get(answers, i, &answer, &len) != RDA_CODE_OK) result = 1;
        else result |= put(STDOUT_FILENO, 'r', answer, len);
    }
end:
    rda_apdu_list_free(answers);
    rda_apdu_list_free(commands);
    free(protocol.data);
    free(key_id.data);
    free(count.data);
    return result;
}

/* Takes the access data, and says what kind of document they open. */
static RdaCode add_access(RdaTerminal *terminal, char **access, int count, int *licence) {
    *licence = count == 1;
    if (!*licence) return rda_terminal_add_mrz(terminal, access[0], access[1], access[2]);
    RdaCode code = rda_terminal_set_option(terminal, RDA_OPTION_DOCUMENT_KIND, RDA_DOCUMENT_KIND_DRIVING_LICENCE);
    return code == RDA_CODE_OK ? rda_terminal_add_licence_line(terminal, access[0]) : code;
}

static int serve(RdaTerminal *terminal, const char *origin, int licence) {
    Message message;
    if (get(STDIN_FILENO, 'Q', &message) != 0) return 1;
    RdaCode code = rda_terminal_bind(terminal, origin, message.data, message.len);
    free(message.data);
    if (code != RDA_CODE_OK || rda_terminal_open(terminal) != RDA_CODE_OK) return failed("opening", terminal);

    /* Where the key of Active Authentication is, and what says whose document it is. */
    uint32_t key_file = licence ? RDA_FILE_DG13 : RDA_FILE_DG15, identity_file = licence ? RDA_FILE_DG12 : RDA_FILE_DG1;
    size_t key = 0;
    if (send_file(terminal, RDA_FILE_CARD_ACCESS, 'C', NULL) != 0 || send_file(terminal, RDA_FILE_SOD, 'S', NULL) != 0 ||
        send_file(terminal, RDA_FILE_DG14, 'D', NULL) != 0 || send_file(terminal, key_file, 'K', &key) != 0)
        return 1;
    RdaBytes signature = {NULL, 0};
    if (key > 0 && rda_terminal_active_authentication(terminal, NULL, &signature) != RDA_CODE_OK)
        return failed("Active Authentication", terminal);
    int sent = put(STDOUT_FILENO, 'A', signature.data, signature.len);
    rda_bytes_free(&signature);
    RdaConversation link;
    if (sent != 0 || rda_terminal_conversation(terminal, &link) != RDA_CODE_OK) return 1;
    size_t max = link.max_response;
    uint8_t told[5] = {(uint8_t)link.short_identifiers, (uint8_t)(max >> 24), (uint8_t)(max >> 16), (uint8_t)(max >> 8),
                       (uint8_t)max};
    if (put(STDOUT_FILENO, 'L', told, sizeof told) != 0) return 1;

    /* What the verifier wants more, until it has decided. */
    for (;;) {
        char what = get_any(STDIN_FILENO, &message);
        int result;
        switch (what) {
        case 'P': result = chip_authentication(terminal, &message); break;
        case 'I': result = send_file(terminal, identity_file, 'i', NULL); break;
        default: free(message.data); return what == 'E' ? 0 : 1;
        }
        free(message.data);
        if (result != 0) return 1;
    }
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 5) {
        fprintf(stderr, "usage: terminal ORIGIN simulated|reader NAME DOCUMENT-NUMBER BIRTH EXPIRY | LINE\n");
        return 2;
    }
    RdaTerminal *terminal = NULL;
    int result = 2, ready = -1, licence;
#ifdef WITH_SIMULATOR
    RdaSimulatedChip *chip = NULL;
#endif
#ifdef WITH_PCSC
    Reader reader = {0, 0};
#endif
    if (rda_terminal_new(&terminal) == RDA_CODE_OK) {
#ifdef WITH_SIMULATOR
        if (strcmp(argv[2], "simulated") == 0 && (chip = rda_simulator_chip_new(argv[3], 1)) != NULL)
            ready = rda_terminal_set_transport(terminal, rda_simulator_transmit, rda_simulator_reset, show, chip);
#endif
#ifdef WITH_PCSC
        if (strcmp(argv[2], "reader") == 0) ready = reader_open(&reader, argv[3], terminal);
#endif
        if (ready != 0)
            fprintf(stderr, "terminal: no such reader or document\n");
        else if (add_access(terminal, argv + 4, argc - 4, &licence) != RDA_CODE_OK)
            failed("access data", terminal);
        else
            result = serve(terminal, argv[1], licence);
    }
    rda_terminal_free(terminal);
#ifdef WITH_SIMULATOR
    rda_simulator_chip_free(chip);
#endif
#ifdef WITH_PCSC
    reader_close(&reader);
#endif
    return result;
}
