/* A verifier: starts a terminal as another process, talks to it over two pipes, and judges its document.
 *
 *     verifier CSCA.pem KIND STATE ORIGIN TERMINAL [ARGUMENTS OF THE TERMINAL]
 *
 * KIND is 1 for a passport, 2 for an identity card and 3 for a driving licence, STATE the issuing state as "NLD". It prints the verdict as JSON, and
 * ends with 0 if the document is genuine, 1 if it is refused, and 2 if something else went wrong. */
#define _POSIX_C_SOURCE 200809L

#include "wire.h"

#include <rda.h>

#include <signal.h>
#include <sys/random.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

enum { GENUINE = 0, REFUSED = 1, FAILED = 2 };

static int failed(const char *what, const RdaError *error) {
    fprintf(stderr, "verifier: %s: %s (%s)\n", what, error ? error->message : "", error ? error->text_key : "");
    return FAILED;
}

static int read_file(const char *path, Message *file) {
    FILE *stream = fopen(path, "rb");
    long len = -1;
    if (stream == NULL) return -1;
    if (fseek(stream, 0, SEEK_END) == 0) len = ftell(stream);
    rewind(stream);
    file->len = len > 0 ? (size_t)len : 0;
    file->data = malloc(file->len + 1);
    int read = file->data != NULL && fread(file->data, 1, file->len, stream) == file->len ? 0 : -1;
    fclose(stream);
    return read;
}

/* Sends the verifier's key and commands, and gives the chip's answers to the verifier. */
static RdaCode chip_authentication(RdaVerifier *verifier, const RdaChipCommand *command, int to, int from) {
    uint8_t key_id[8];
    for (int i = 0; i < 8; i++) key_id[i] = (uint8_t)(command->key_id >> (56 - 8 * i));
    size_t count = rda_apdu_list_len(command->commands);
    uint8_t count_byte = (uint8_t)count;
    int sent = put(to, 'P', command->public_key, command->public_key_len) |
               put(to, 'O', command->protocol, strlen(command->protocol)) |
               put(to, 'N', key_id, command->has_key_id ? sizeof key_id : 0) | put(to, 'M', &count_byte, 1);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *apdu;
        size_t len;
        if (rda_apdu_list_get(command->commands, i, &apdu, &len) != RDA_CODE_OK) return RDA_CODE_INTERNAL;
        sent |= put(to, 'c', apdu, len);
    }
    Message message;
    RdaApduList *answers = NULL;
    if (sent != 0 || get(from, 'R', &message) != 0 || rda_apdu_list_new(&answers) != RDA_CODE_OK)
        return RDA_CODE_EVIDENCE_INCOMPLETE;
    count = message.len == 1 ? message.data[0] : 0;
    free(message.data);
    RdaCode code = RDA_CODE_OK;
    for (size_t i = 0; i < count && code == RDA_CODE_OK; i++) {
        if (get(from, 'r', &message) != 0) {
            code = RDA_CODE_EVIDENCE_INCOMPLETE;
        } else {
            code = rda_apdu_list_add(answers, message.data, message.len);
            free(message.data);
        }
    }
    if (code == RDA_CODE_OK) code = rda_verifier_verify_chip_authentication(verifier, answers);
    rda_apdu_list_free(answers);
    return code;
}

/* The whole verification. What a check of the document says is in the verdict; the result tells whether to go on. */
static RdaCode verify(RdaVerifier *verifier, const RdaStore *store, const char *state, int to, int from) {
    /* The terminal's evidence, all of it, before anything is judged. */
    enum { CARD_ACCESS, SOD, DG14, DG15, SIGNATURE, LINK, PARTS };
    const char kinds[PARTS] = {'C', 'S', 'D', 'K', 'A', 'L'};
    Message part[PARTS] = {{NULL, 0}};
    RdaCode code = RDA_CODE_OK;
    for (int i = 0; i < PARTS; i++)
        if (get(from, kinds[i], &part[i]) != 0) code = RDA_CODE_EVIDENCE_INCOMPLETE;
    if (code == RDA_CODE_OK && part[LINK].len != 5) code = RDA_CODE_EVIDENCE_MALFORMED;

    if (code == RDA_CODE_OK)
        code = rda_verifier_verify_signature(verifier, store, state, (int64_t)time(NULL), part[SOD].data, part[SOD].len);
    if (code == RDA_CODE_OK)
        code = rda_verifier_verify_files(verifier, part[CARD_ACCESS].data, part[CARD_ACCESS].len, part[DG14].data,
                                         part[DG14].len, part[DG15].data, part[DG15].len);
    if (code == RDA_CODE_OK)
        code = rda_verifier_verify_active_authentication(verifier, part[SIGNATURE].data, part[SIGNATURE].len);
    if (code == RDA_CODE_OK) {
        const uint8_t *link = part[LINK].data;
        RdaReading reading = {link[0], (size_t)link[1] << 24 | (size_t)link[2] << 16 | (size_t)link[3] << 8 | link[4]};
        RdaChipCommand command;
        code = rda_verifier_prepare_chip_authentication(verifier, &reading, &command);
        if (code == RDA_CODE_OK) {
            code = chip_authentication(verifier, &command, to, from);
        } else if (code == RDA_CODE_NO_CHIP_PROOF) {
            /* Active Authentication alone: the terminal reads the identity file. */
            Message identity;
            code = RDA_CODE_EVIDENCE_INCOMPLETE;
            if (put(to, 'I', NULL, 0) == 0 && get(from, 'i', &identity) == 0) {
                code = rda_verifier_verify_identity_file(verifier, identity.data, identity.len);
                free(identity.data);
            }
        }
    }
    for (int i = 0; i < PARTS; i++) free(part[i].data);
    return code;
}

static int judge(RdaVerifier *verifier, uint32_t kind, RdaCode code) {
    RdaBytes json, who;
    RdaVerdict verdict;
    if (code != RDA_CODE_OK)
        fprintf(stderr, "verifier: refused: %s (%s)\n", rda_code_name(code), rda_code_text_key(code));
    if (rda_verifier_verdict_json(verifier, &json) != RDA_CODE_OK)
        return failed("verdict", rda_verifier_last_error(verifier));
    printf("%s\n", (const char *)json.data);
    rda_bytes_free(&json);
    if (rda_verifier_verdict(verifier, &verdict) != RDA_CODE_OK || !verdict.genuine) return REFUSED;
    /* Who it is: for your register. Not printed: it is a person's. */
    code = kind == RDA_DOCUMENT_KIND_DRIVING_LICENCE ? rda_verifier_licence_line(verifier, &who)
                                                     : rda_verifier_mrz(verifier, &who);
    if (code != RDA_CODE_OK) return failed("zone", rda_verifier_last_error(verifier));
    printf("a genuine document, with a zone of %zu characters\n", who.len);
    rda_bytes_free(&who);
    return GENUINE;
}

/* Starts the terminal with its standard input and output on pipes. */
static pid_t start(char **command, int *to, int *from) {
    int down[2], up[2];
    if (pipe(down) != 0 || pipe(up) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        if (dup2(down[0], STDIN_FILENO) >= 0 && dup2(up[1], STDOUT_FILENO) >= 0) {
            close(down[1]);
            close(up[0]);
            execv(command[0], command);
        }
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    *to = down[1];
    *from = up[0];
    return child;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: verifier CSCA.pem KIND STATE ORIGIN TERMINAL [ARGUMENTS]\n");
        return FAILED;
    }
    if (rda_abi_version() != RDA_ABI_VERSION) {
        fprintf(stderr, "verifier: librda is of another version than its header\n");
        return FAILED;
    }
    signal(SIGPIPE, SIG_IGN);
    uint32_t kind = (uint32_t)strtoul(argv[2], NULL, 10);

    RdaStore *store = NULL;
    RdaVerifier *verifier = NULL;
    Message csca = {NULL, 0};
    int result = FAILED;
    if (read_file(argv[1], &csca) != 0) {
        perror(argv[1]);
    } else if (rda_store_new(&store) != RDA_CODE_OK ||
               rda_store_add_certificates(store, kind, argv[3], csca.data, csca.len, NULL) != RDA_CODE_OK) {
        failed(argv[1], rda_store_last_error(store));
    } else if (rda_verifier_new(kind, RDA_POLICY_FIELD, &verifier) != RDA_CODE_OK) {
        failed("kind", NULL);
    } else {
        /* The request: in earnest a signed one, with a life, used once. Both proofs are bound to it and to the origin. */
        uint8_t request[32];
        int to, from;
        pid_t terminal = -1;
        if (getrandom(request, sizeof request, 0) == (ssize_t)sizeof request &&
            rda_verifier_bind(verifier, argv[4], request, sizeof request) == RDA_CODE_OK &&
            (terminal = start(argv + 5, &to, &from)) > 0) {
            int status = 0;
            RdaCode code = RDA_CODE_EVIDENCE_INCOMPLETE;
            if (put(to, 'Q', request, sizeof request) == 0) code = verify(verifier, store, argv[3], to, from);
            put(to, 'E', NULL, 0);
            close(to);
            close(from);
            waitpid(terminal, &status, 0);
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                result = judge(verifier, kind, code);
            else
                fprintf(stderr, "verifier: the terminal failed\n");
        } else {
            failed("start", rda_verifier_last_error(verifier));
        }
    }
    rda_verifier_free(verifier);
    rda_store_free(store);
    free(csca.data);
    return result;
}
