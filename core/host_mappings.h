/* The host's mappings (vm.max_map_count) as a resource.
 *
 * One guest that alternates protections page by page could use up every mapping that the whole host process may have,
 * and then nothing in the host can start a thread.  So mappings are counted before they are made: per process
 * (MAPPINGS_PER_PROCESS) and over all of them, where some thousands of the system's limit are left to the host.
 */
#ifndef MOTTE_HOST_MAPPINGS_H
#define MOTTE_HOST_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { MAPPINGS_PER_PROCESS = 2048 };

/* False, and nothing charged, if the host would come too close to its limit. */
bool host_mappings_charge(uint32_t count);
void host_mappings_refund(uint32_t count);

/* vm.max_map_count, or its usual value where it cannot be read. */
uint64_t host_mappings_limit(void);

#endif
