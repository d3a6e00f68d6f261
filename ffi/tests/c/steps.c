/* Step by step, as a host with its own event loop: a login in one process, over a link that breaks on the way. */
#include <rda.h>
#include <rda_simulator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call)                                                                                           \
    do {                                                                                                     \
        RdaCode got = (call);                                                                                \
        if (got != RDA_CODE_OK) {                                                                            \
            fprintf(stderr, "%s:%d: %s is %s\n", __FILE__, __LINE__, #call, rda_code_name(got));             \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition);                              \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static RdaSimulatedChip *chip;
static unsigned exchanges, resets, progressed;
static unsigned lost_at; /* The exchange at which the link is lost, or 0. */

/* What an event loop would do, one event after the other. */
static RdaCode drive(RdaTerminal *terminal) {
    for (;;) {
        RdaStep step;
        RdaCode code = rda_terminal_next(terminal, &step);
        if (code != RDA_CODE_OK) return code;
        switch (step.kind) {
        case RDA_STEP_KIND_DONE: return RDA_CODE_OK;
        case RDA_STEP_KIND_PROGRESS:
            CHECK(step.stage >= RDA_STAGE_OPENING && step.stage <= RDA_STAGE_INTERRUPTED && step.done <= step.total);
            progressed++;
            break;
        case RDA_STEP_KIND_RESET:
            resets++;
            CHECK(rda_simulator_reset(chip) == RDA_LINK_OK);
            MUST(rda_terminal_respond(terminal, RDA_LINK_OK, NULL, 0));
            break;
        case RDA_STEP_KIND_TRANSMIT: {
            uint8_t response[258];
            size_t len = sizeof response;
            if (++exchanges == lost_at) {
                rda_simulator_reset(chip);
                MUST(rda_terminal_respond(terminal, RDA_LINK_RESET, NULL, 0));
                break;
            }
            CHECK(rda_simulator_transmit(chip, step.command, step.command_len, response, &len) == RDA_LINK_OK);
            MUST(rda_terminal_respond(terminal, RDA_LINK_OK, response, len));
            break;
        }
        }
    }
}

static RdaBytes read(RdaTerminal *terminal, uint32_t file) {
    RdaBytes content;
    MUST(rda_terminal_begin_read(terminal, file));
    MUST(drive(terminal));
    MUST(rda_terminal_take_bytes(terminal, &content));
    CHECK(content.len > 0 && content.data[content.len] == 0);
    return content;
}

static void login(int lose) {
    RdaTerminal *terminal;
    RdaVerifier *verifier;
    RdaStore *store;
    uint8_t challenge[8];
    exchanges = resets = progressed = lost_at = 0;
    chip = rda_simulator_chip_new("nl-passport-2024", 7);
    CHECK(chip != NULL);
    MUST(rda_store_new(&store));
    const char *csca = rda_simulator_csca(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT);
    size_t added;
    MUST(rda_store_add_certificates(store, RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT, NULL, (const uint8_t *)csca, strlen(csca),
                                    &added));
    CHECK(added > 0);
    MUST(rda_verifier_new(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT, RDA_POLICY_FIELD, &verifier));
    MUST(rda_verifier_make_challenge(verifier, challenge));

    MUST(rda_terminal_new(&terminal));
    MUST(rda_terminal_add_can(terminal, "111111")); /* wrong, and tried first */
    MUST(rda_terminal_add_mrz(terminal, "SPECI2024", "960401", "370816"));
    MUST(rda_terminal_begin_open(terminal));
    MUST(drive(terminal));
    RdaBytes card_access = read(terminal, RDA_FILE_CARD_ACCESS);
    if (lose) lost_at = exchanges + 3;
    RdaBytes sod = read(terminal, RDA_FILE_SOD);
    RdaBytes dg14 = read(terminal, RDA_FILE_DG14), dg15 = read(terminal, RDA_FILE_DG15);
    CHECK(rda_terminal_begin_read(terminal, RDA_FILE_DG1 + 10) == RDA_CODE_OK);
    CHECK(drive(terminal) == RDA_CODE_FILE_NOT_FOUND);
    RdaBytes signature;
    CHECK(rda_terminal_take_bytes(terminal, &signature) == RDA_CODE_WRONG_STATE);
    MUST(rda_terminal_begin_active_authentication(terminal, challenge));
    MUST(drive(terminal));
    MUST(rda_terminal_take_bytes(terminal, &signature));

    MUST(rda_verifier_verify_signature(verifier, store, "NLD", 1800000000, sod.data, sod.len));
    MUST(rda_verifier_verify_files(verifier, card_access.data, card_access.len, dg14.data, dg14.len, dg15.data, dg15.len));
    MUST(rda_verifier_verify_active_authentication(verifier, signature.data, signature.len));
    RdaConversation link;
    MUST(rda_terminal_conversation(terminal, &link));
    CHECK(link.access == RDA_ACCESS_PACE_GM && link.resumes == (lose ? 1u : 0u) && resets == link.resumes + 0u);
    RdaReading reading = {link.short_identifiers, link.max_response};
    RdaChipCommand command;
    RdaApduList *answers, *others;
    MUST(rda_verifier_prepare_chip_authentication(verifier, &reading, &command));

    /* Commands that read something else do not go to the chip. */
    const uint8_t select[] = {0x00, 0xA4, 0x02, 0x0C, 0x02, 0x01, 0x02};
    RdaChipCommand forbidden = command;
    MUST(rda_apdu_list_new(&others));
    MUST(rda_apdu_list_add(others, select, sizeof select));
    forbidden.commands = others;
    MUST(rda_terminal_begin_chip_authentication(terminal, &forbidden));
    CHECK(drive(terminal) == RDA_CODE_COMMAND_FORBIDDEN);
    rda_apdu_list_free(others);

    if (lose) lost_at = exchanges + 2;
    MUST(rda_terminal_begin_chip_authentication(terminal, &command));
    MUST(drive(terminal));
    MUST(rda_terminal_take_answers(terminal, &answers));
    MUST(rda_verifier_verify_chip_authentication(verifier, answers));

    RdaVerdict verdict;
    RdaBytes mrz, identity;
    MUST(rda_verifier_verdict(verifier, &verdict));
    CHECK(verdict.genuine == 1 && verdict.active_authentication == RDA_OUTCOME_PASSED &&
          verdict.chip_authentication == RDA_OUTCOME_PASSED && verdict.data_groups[1] == RDA_OUTCOME_PASSED &&
          verdict.has_csca == 1);
    MUST(rda_verifier_mrz(verifier, &mrz));
    CHECK(mrz.len == 88 && strncmp((const char *)mrz.data, "P<NLDSPECIMEN<BAKKER<<NOOR", 26) == 0);
    MUST(rda_verifier_identity_file(verifier, &identity));
    CHECK(identity.len == 93);
    CHECK(progressed > 4);

    RdaBytes *all[] = {&card_access, &sod, &dg14, &dg15, &signature, &mrz, &identity};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) rda_bytes_free(all[i]);
    rda_apdu_list_free(answers);
    rda_terminal_free(terminal);
    rda_verifier_free(verifier);
    rda_store_free(store);
    rda_simulator_chip_free(chip);
}

/* A wrong key is told with what is left, and the next call goes on with it. */
static void wrong_keys(void) {
    RdaTerminal *terminal;
    chip = rda_simulator_chip_new("nl-passport-2011", 8);
    CHECK(chip != NULL);
    MUST(rda_terminal_new(&terminal));
    MUST(rda_terminal_set_option(terminal, RDA_OPTION_MOST_KEY_TRIES, 1));
    MUST(rda_terminal_set_transport(terminal, rda_simulator_transmit, rda_simulator_reset, NULL, chip));
    MUST(rda_terminal_add_mrz(terminal, "SPECI2011", "850712", "351129"));
    MUST(rda_terminal_add_mrz(terminal, "SPECI2011", "850712", "351130"));
    CHECK(rda_terminal_open(terminal) == RDA_CODE_ACCESS_DATA_WRONG);
    CHECK(rda_terminal_last_error(terminal)->keys_left == 1);
    CHECK(strcmp(rda_terminal_last_error(terminal)->text_key, "error-access-data-wrong") == 0);
    CHECK(rda_simulator_reset(chip) == RDA_LINK_OK); /* taken away, and laid again */
    MUST(rda_terminal_open(terminal));
    CHECK(rda_terminal_open(terminal) == RDA_CODE_WRONG_STATE);
    RdaConversation conversation;
    MUST(rda_terminal_conversation(terminal, &conversation));
    CHECK(conversation.access == RDA_ACCESS_BAC);
    rda_terminal_free(terminal);
    rda_simulator_chip_free(chip);
}

int main(void) {
    login(0);
    login(1);
    wrong_keys();
    CHECK(rda_simulator_chip_new("no such profile", 0) == NULL);
    printf("step by step\n");
    return 0;
}
