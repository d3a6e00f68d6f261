/* Calls that are wrong: each is told by its code, and none does harm. */
#include <rda.h>

#include <stdio.h>
#include <string.h>

static int wrong = 0;

#define EXPECT(code, call)                                                                                   \
    do {                                                                                                     \
        RdaCode got = (call);                                                                                \
        if (got != (code)) {                                                                                 \
            fprintf(stderr, "%s:%d: %s is %s\n", __FILE__, __LINE__, #call, rda_code_name(got));             \
            wrong++;                                                                                         \
        }                                                                                                    \
    } while (0)
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition);                              \
            wrong++;                                                                                         \
        }                                                                                                    \
    } while (0)

static int32_t never(void *context, const uint8_t *command, size_t len, uint8_t *response, size_t *response_len) {
    (void)context, (void)command, (void)len, (void)response, (void)response_len;
    return RDA_LINK_REMOVED;
}

/* Says that it wrote more than there was room for. */
static int32_t boasting(void *context, const uint8_t *command, size_t len, uint8_t *response, size_t *response_len) {
    (void)context, (void)command, (void)len, (void)response;
    *response_len += 1;
    return RDA_LINK_OK;
}

/* Calls back into the handle that is calling, which is its context. */
static int32_t calling_back(void *context, const uint8_t *command, size_t len, uint8_t *response, size_t *response_len) {
    (void)command, (void)len, (void)response, (void)response_len;
    RdaTerminal *terminal = context;
    EXPECT(RDA_CODE_BUSY, rda_terminal_open(terminal));
    EXPECT(RDA_CODE_BUSY, rda_terminal_add_can(terminal, "123456"));
    EXPECT(RDA_CODE_OK, rda_terminal_cancel(terminal));
    return RDA_LINK_RESET;
}

static void terminals(void) {
    RdaTerminal *terminal = NULL;
    RdaBytes bytes;
    RdaApduList *list;
    RdaStep step;
    RdaConversation conversation;
    const uint8_t eight[8] = {0};

    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_new(NULL));
    EXPECT(RDA_CODE_OK, rda_terminal_new(&terminal));
    CHECK(rda_terminal_last_error(terminal)->code == RDA_CODE_OK);
    CHECK(rda_terminal_last_error(NULL) == NULL);

    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_open(NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_cancel(NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_set_transport(terminal, NULL, NULL, NULL, NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_add_mrz(terminal, NULL, "900101", "300101"));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_add_mrz(terminal, "SPECI2024", "9001", "300101"));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_add_can(terminal, "12345"));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_add_can(terminal, "\xff\xfe"));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_add_mrz_digest(terminal, NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_add_licence_line(terminal, NULL));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_add_licence_line(terminal, "D1NLD19999920140ABCDEFGHIJKLM7"));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, RDA_OPTION_DOCUMENT_KIND, 0));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_add_pace_key(terminal, NULL, eight));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, 99, 0));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, RDA_OPTION_MAX_COMMAND, 1u << 20));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, RDA_OPTION_MAX_RESPONSE, 0));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, RDA_OPTION_FALLBACK_TO_BAC, 2));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_set_option(terminal, RDA_OPTION_MOST_APDUS, UINT64_MAX));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_bind(terminal, "https://Login.example/", eight, 8));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_bind(terminal, "https://login.example", eight, 0));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_bind(terminal, "https://login.example", NULL, 8));
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_bind(terminal, "https://login.example", eight, SIZE_MAX));

    /* Out of turn, and without callbacks. */
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_open(terminal));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_read(terminal, RDA_FILE_DG1, &bytes));
    CHECK(bytes.data == NULL && bytes.len == 0);
    rda_bytes_free(&bytes);
    EXPECT(RDA_CODE_ARGUMENT, rda_terminal_read(terminal, 17, &bytes));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_read(terminal, RDA_FILE_DG1, NULL));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_begin_read(terminal, RDA_FILE_DG1));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_next(terminal, &step));
    CHECK(step.kind == RDA_STEP_KIND_DONE);
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_respond(terminal, RDA_LINK_OK, eight, 8));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_take_bytes(terminal, &bytes));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_take_answers(terminal, &list));
    CHECK(list == NULL);
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_chip_authentication(terminal, NULL, &list));
    EXPECT(RDA_CODE_OK, rda_terminal_conversation(terminal, &conversation));
    CHECK(conversation.access == RDA_ACCESS_NONE && conversation.apdus == 0);

    const RdaError *error = rda_terminal_last_error(terminal);
    CHECK(error->code == RDA_CODE_NULL_POINTER);
    CHECK(strcmp(error->text_key, "error-internal") == 0);
    CHECK(strlen(error->message) > 0);

    /* No key; then a link that is gone from the start. */
    EXPECT(RDA_CODE_OK, rda_terminal_set_transport(terminal, never, NULL, NULL, NULL));
    EXPECT(RDA_CODE_DOCUMENT_LOST, rda_terminal_open(terminal));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_add_can(terminal, "123456"));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_read(terminal, RDA_FILE_DG1, &bytes));
    EXPECT(RDA_CODE_OK, rda_terminal_set_transport(terminal, boasting, NULL, NULL, NULL));
    EXPECT(RDA_CODE_READER_FAILED, rda_terminal_open(terminal));
    EXPECT(RDA_CODE_OK, rda_terminal_set_transport(terminal, calling_back, NULL, NULL, terminal));
    EXPECT(RDA_CODE_CANCELLED, rda_terminal_open(terminal));
    rda_terminal_free(terminal);
    rda_terminal_free(NULL);

    /* Freed in the middle of things. */
    EXPECT(RDA_CODE_OK, rda_terminal_new(&terminal));
    EXPECT(RDA_CODE_OK, rda_terminal_add_can(terminal, "123456"));
    EXPECT(RDA_CODE_OK, rda_terminal_begin_open(terminal));
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_begin_open(terminal));
    EXPECT(RDA_CODE_OK, rda_terminal_next(terminal, &step));
    CHECK(step.kind == RDA_STEP_KIND_TRANSMIT && step.command != NULL && step.command_len >= 4);
    EXPECT(RDA_CODE_WRONG_STATE, rda_terminal_next(terminal, &step));
    EXPECT(RDA_CODE_NULL_POINTER, rda_terminal_respond(terminal, RDA_LINK_OK, NULL, 5));
    rda_terminal_free(terminal);
    EXPECT(RDA_CODE_OK, rda_terminal_new(&terminal));
    EXPECT(RDA_CODE_OK, rda_terminal_begin_open(terminal));
    rda_terminal_free(terminal);
}

static void verifiers(void) {
    RdaVerifier *verifier = NULL;
    RdaStore *store = NULL;
    RdaApduList *list = NULL;
    RdaBytes bytes = {NULL, 0};
    RdaReading reading = {1, 0};
    RdaChipCommand command;
    RdaVerdict verdict;
    uint8_t challenge[8] = {0};
    const uint8_t junk[40] = {0x77, 0x26, 0x30, 0x24};
    size_t number = 99;

    EXPECT(RDA_CODE_ARGUMENT, rda_verifier_new(9, RDA_POLICY_FIELD, &verifier));
    CHECK(verifier == NULL);
    EXPECT(RDA_CODE_ARGUMENT, rda_verifier_new(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT, 9, &verifier));
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_new(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT, RDA_POLICY_FIELD, NULL));
    EXPECT(RDA_CODE_OK, rda_verifier_new(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT, RDA_POLICY_STRICT, &verifier));
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_make_challenge(verifier, NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_set_challenge(verifier, NULL));
    EXPECT(RDA_CODE_OK, rda_verifier_make_challenge(verifier, challenge));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_make_challenge(verifier, challenge));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_bind(verifier, "https://login.example", junk, sizeof junk));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_verify_files(verifier, NULL, 0, NULL, 0, NULL, 0));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_verify_active_authentication(verifier, junk, sizeof junk));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_prepare_chip_authentication(verifier, &reading, &command));
    CHECK(command.public_key == NULL && command.commands == NULL);
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_verify_chip_authentication(verifier, NULL));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_verify_identity_file(verifier, junk, sizeof junk));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_identity_file(verifier, &bytes));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_mrz(verifier, &bytes));
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_licence_line(verifier, &bytes));
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_licence_line(verifier, NULL));

    EXPECT(RDA_CODE_OK, rda_store_new(&store));
    EXPECT(RDA_CODE_CERTIFICATE_MALFORMED, rda_store_add_certificates(store, 1, NULL, junk, sizeof junk, &number));
    EXPECT(RDA_CODE_CERTIFICATE_MALFORMED, rda_store_add_certificates(store, 1, "NLD", junk, 0, NULL));
    EXPECT(RDA_CODE_ARGUMENT, rda_store_add_certificates(store, 1, "Atlantis", junk, sizeof junk, NULL));
    EXPECT(RDA_CODE_ARGUMENT, rda_store_add_certificates(store, 0, "NLD", junk, sizeof junk, NULL));
    EXPECT(RDA_CODE_ARGUMENT, rda_store_add_certificates(store, 1, "NLD", junk, (size_t)1 << 40, NULL));
    EXPECT(RDA_CODE_NULL_POINTER, rda_store_add_certificates(store, 1, "NLD", NULL, 1, NULL));
    EXPECT(RDA_CODE_CERTIFICATE_MALFORMED, rda_store_add_master_list(store, 1, 0, 0, junk, sizeof junk, NULL));
    EXPECT(RDA_CODE_CERTIFICATE_MALFORMED, rda_store_add_revocation_lists(store, 1, "NLD", junk, sizeof junk));
    EXPECT(RDA_CODE_OK, rda_store_anchors(store, &number));
    CHECK(number == 0);
    EXPECT(RDA_CODE_NULL_POINTER, rda_store_anchors(store, NULL));
    CHECK(rda_store_last_error(store)->code == RDA_CODE_NULL_POINTER);

    EXPECT(RDA_CODE_EVIDENCE_MALFORMED, rda_verifier_verify_signature(verifier, store, "NLD", 0, junk, sizeof junk));
    EXPECT(RDA_CODE_NULL_POINTER, rda_verifier_verify_signature(verifier, NULL, "NLD", 0, junk, sizeof junk));
    EXPECT(RDA_CODE_OK, rda_verifier_verdict(verifier, &verdict));
    CHECK(verdict.genuine == 0 && verdict.chip_authentication == RDA_OUTCOME_NOT_PERFORMED);
    EXPECT(RDA_CODE_OK, rda_verifier_verdict_json(verifier, &bytes));
    CHECK(bytes.data != NULL && strcmp((const char *)bytes.data, "{\"genuine\":false}") == 0);
    rda_bytes_free(&bytes);
    rda_bytes_free(&bytes);
    rda_bytes_free(NULL);

    EXPECT(RDA_CODE_OK, rda_apdu_list_new(&list));
    EXPECT(RDA_CODE_ARGUMENT, rda_apdu_list_add(list, junk, 1));
    for (int i = 0; i < 16; i++) EXPECT(RDA_CODE_OK, rda_apdu_list_add(list, junk, sizeof junk));
    EXPECT(RDA_CODE_ARGUMENT, rda_apdu_list_add(list, junk, sizeof junk));
    CHECK(rda_apdu_list_len(list) == 16 && rda_apdu_list_len(NULL) == 0);
    const uint8_t *apdu = junk;
    EXPECT(RDA_CODE_ARGUMENT, rda_apdu_list_get(list, 16, &apdu, &number));
    CHECK(apdu == NULL && number == 0);
    EXPECT(RDA_CODE_OK, rda_apdu_list_get(list, 15, &apdu, &number));
    CHECK(number == sizeof junk && memcmp(apdu, junk, sizeof junk) == 0);
    EXPECT(RDA_CODE_WRONG_STATE, rda_verifier_verify_chip_authentication(verifier, list));
    rda_apdu_list_free(list);
    rda_apdu_list_free(NULL);
    rda_store_free(store);
    rda_store_free(NULL);
    rda_verifier_free(verifier);
    rda_verifier_free(NULL);
}

int main(void) {
    terminals();
    verifiers();
    CHECK(strcmp(rda_code_name(RDA_CODE_DOCUMENT_LOST), "document_lost") == 0);
    CHECK(strcmp(rda_code_text_key(RDA_CODE_DOCUMENT_LOST), "error-document-lost") == 0);
    CHECK(strcmp(rda_code_name(12345), "unknown") == 0);
    if (wrong == 0) printf("misuse is told\n");
    return wrong == 0 ? 0 : 1;
}
