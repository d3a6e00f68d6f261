/* librda_simulator: a simulated chip for tests of users of librda. Never in a release.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Made from the sources by cbindgen: changes belong there. */

#ifndef RDA_SIMULATOR_H
#define RDA_SIMULATOR_H

#include <stddef.h>
#include <stdint.h>

/**
 * A simulated chip. Its holder is invented and its keys are public.
 */
typedef struct RdaSimulatedChip RdaSimulatedChip;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a chip of a profile: "nl-passport-2011", "nl-id-2014", "nl-passport-2024", "clone", "tampered", "pace-p256",
 * "nl-licence-2014" or "nl-licence-2020". Its nonces and ephemeral keys follow from `seed`. Null for other names.
 */
RdaSimulatedChip *rda_simulator_chip_new(const char *profile,
                                         uint64_t seed);

/**
 * Takes a chip away; null is nothing.
 */
void rda_simulator_chip_free(RdaSimulatedChip *chip);

/**
 * A callback for rda_terminal_set_transport: the chip answers a command. `chip` is the chip.
 */
int32_t rda_simulator_transmit(void *chip,
                               const uint8_t *command,
                               size_t command_len,
                               uint8_t *response,
                               size_t *response_len);

/**
 * A callback for rda_terminal_set_transport: the chip loses its power for a moment. `chip` is the chip.
 */
int32_t rda_simulator_reset(void *chip);

/**
 * The CSCA certificates of the simulated state "NLD" for documents of a kind (RdaDocumentKind of librda), PEM. Who trusts
 * them trusts everybody who has this source code. Null for other kinds; never freed.
 */
const char *rda_simulator_csca(uint32_t kind);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RDA_SIMULATOR_H */
