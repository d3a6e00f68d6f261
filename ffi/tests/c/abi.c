/* What must not change without another RDA_ABI_VERSION: numbers, and the layout of structures on a 64-bit system. Compiles
 * as C and as C++. */
#include <rda.h>

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#endif

CHECK(RDA_ABI_VERSION == 0);

CHECK(sizeof(void *) != 8 || sizeof(RdaBytes) == 16);
CHECK(sizeof(void *) != 8 || offsetof(RdaBytes, len) == 8);
CHECK(sizeof(void *) != 8 || sizeof(RdaError) == 32);
CHECK(offsetof(RdaError, code) == 0);
CHECK(offsetof(RdaError, status_word) == 4);
CHECK(offsetof(RdaError, keys_left) == 8);
CHECK(sizeof(void *) != 8 || offsetof(RdaError, text_key) == 16);
CHECK(sizeof(void *) != 8 || offsetof(RdaError, message) == 24);
CHECK(sizeof(void *) != 8 || sizeof(RdaStep) == 48);
CHECK(sizeof(void *) != 8 || offsetof(RdaStep, done) == 16);
CHECK(sizeof(void *) != 8 || offsetof(RdaStep, command) == 32);
CHECK(sizeof(void *) != 8 || offsetof(RdaStep, command_len) == 40);
CHECK(sizeof(void *) != 8 || sizeof(RdaConversation) == 48);
CHECK(sizeof(void *) != 8 || offsetof(RdaConversation, max_response) == 16);
CHECK(sizeof(void *) != 8 || offsetof(RdaConversation, bytes_sent) == 32);
CHECK(sizeof(void *) != 8 || sizeof(RdaReading) == 16);
CHECK(sizeof(void *) != 8 || sizeof(RdaChipCommand) == 48);
CHECK(sizeof(void *) != 8 || offsetof(RdaChipCommand, protocol) == 16);
CHECK(sizeof(void *) != 8 || offsetof(RdaChipCommand, key_id) == 24);
CHECK(sizeof(void *) != 8 || offsetof(RdaChipCommand, has_key_id) == 32);
CHECK(sizeof(void *) != 8 || offsetof(RdaChipCommand, commands) == 40);
CHECK(sizeof(RdaVerdict) == 184);
CHECK(offsetof(RdaVerdict, chip_authentication) == 36);
CHECK(offsetof(RdaVerdict, data_groups) == 40);
CHECK(offsetof(RdaVerdict, signer) == 116);
CHECK(offsetof(RdaVerdict, deviations) == 180);

CHECK(RDA_CODE_OK == 0 && RDA_CODE_NULL_POINTER == 1 && RDA_CODE_ARGUMENT == 2 && RDA_CODE_WRONG_STATE == 3);
CHECK(RDA_CODE_BUSY == 4 && RDA_CODE_INTERNAL == 5 && RDA_CODE_DOCUMENT_LOST == 10 && RDA_CODE_CANCELLED == 15);
CHECK(RDA_CODE_ACCESS_DATA_WRONG == 20 && RDA_CODE_NOT_A_DOCUMENT == 30 && RDA_CODE_FILE_NOT_FOUND == 32);
CHECK(RDA_CODE_COMMAND_FORBIDDEN == 39 && RDA_CODE_EVIDENCE_INCOMPLETE == 50 && RDA_CODE_NO_CHIP_PROOF == 57);
CHECK(RDA_CODE_CERTIFICATE_MALFORMED == 70 && RDA_CODE_NOT_VOUCHED_FOR == 71);
CHECK(RDA_LINK_OK == 0 && RDA_LINK_FAILED == 1 && RDA_LINK_REMOVED == 2 && RDA_LINK_CANCELLED == 8);
CHECK(RDA_FILE_DG12 == 12 && RDA_FILE_DG13 == 13 && RDA_OPTION_DOCUMENT_KIND == 9);
CHECK(RDA_FILE_DG1 == 1 && RDA_FILE_CARD_ACCESS == 28 && RDA_FILE_SOD == 29 && RDA_FILE_COM == 30);
CHECK(RDA_STEP_KIND_DONE == 0 && RDA_STEP_KIND_TRANSMIT == 1 && RDA_STEP_KIND_RESET == 2 && RDA_STEP_KIND_PROGRESS == 3);
CHECK(RDA_DOCUMENT_KIND_TRAVEL_DOCUMENT == 1 && RDA_DOCUMENT_KIND_DRIVING_LICENCE == 3);
CHECK(RDA_OUTCOME_NOT_PERFORMED == 0 && RDA_OUTCOME_FAILED == 2 && RDA_OUTCOME_PASSED == 4);
CHECK(RDA_OPTION_MAX_COMMAND == 1 && RDA_OPTION_MOST_BYTES == 8 && RDA_STAGE_OPENING == 1 && RDA_STAGE_INTERRUPTED == 6);
CHECK(RDA_POLICY_FIELD == 0 && RDA_POLICY_STRICT == 1 && RDA_ACCESS_NONE == 0 && RDA_ACCESS_PACE_CAM == 4);
CHECK(RDA_MASTER_LIST_TRUST_SIGNED == 0 && RDA_MASTER_LIST_TRUST_VOUCHED == 1);

int main(void) {
    printf("librda %s, interface %u\n", rda_version(), (unsigned)rda_abi_version());
    return rda_abi_version() == RDA_ABI_VERSION ? 0 : 1;
}
