/*
 * fuzz_profile - any text as an ECU profile: refused with words that name the file and with the profile untouched, or a
 * profile that keeps the promises of its header.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/load/profile_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct profile *profile, const struct flash_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert(steps[i].n_data <= sizeof steps[i].data);
		assert(steps[i].retries <= 10);
		assert(steps[i].n_accept_nrc <= PROFILE_MAX_ACCEPTED);
		assert(steps[i].security < profile->n_security);
		assert(flash_step_text(steps[i].kind)[0]);
	}
}

static void check_steps(const struct profile *profile)
{
	assert(profile->n_steps <= PROFILE_MAX_STEPS && profile->n_back <= PROFILE_MAX_BACK_STEPS);
	assert(profile->n_bus_before <= PROFILE_MAX_BUS_STEPS && profile->n_bus_after <= PROFILE_MAX_BUS_STEPS);
	check_list(profile, profile->steps, profile->n_steps);
	check_list(profile, profile->back, profile->n_back);
	for (size_t i = 0; i < profile->n_bus_before; i++)
		assert(bus_step_text(profile->bus_before[i].kind)[0]);
	for (size_t i = 0; i < profile->n_bus_after; i++)
		assert(bus_step_text(profile->bus_after[i].kind)[0]);
}

static void check_parts(const struct profile *profile)
{
	size_t n = 0;

	assert(profile->n_security >= 1 && profile->n_security <= PROFILE_MAX_SECURITIES);
	for (size_t i = 0; i < profile->n_security; i++) {
		assert(memchr(profile->security[i].key_id, 0, sizeof profile->security[i].key_id));
		assert(memchr(profile->security[i].library, 0, sizeof profile->security[i].library));
		assert(!strpbrk(profile->security[i].library, "/.")); /* never a path */
	}
	assert(profile->n_fingerprint <= PROFILE_MAX_FINGERPRINT && profile->n_parts <= PROFILE_MAX_PARTS);
	for (size_t i = 0; i < profile->n_parts; i++)
		n += profile->parts[i].n;
	assert(n <= PROFILE_MAX_FINGERPRINT);
	for (size_t i = 0; i < PROFILE_ROUTINES; i++)
		assert(profile->status[i].n_success >= 1 && profile->status[i].n_success <= PROFILE_MAX_STATUS);
}

static void check_profile(const struct profile *profile)
{
	assert(profile_check(profile) == NULL);
	assert(memchr(profile->name, 0, sizeof profile->name));
	assert(profile->address_bytes >= 1 && profile->address_bytes <= 5);
	assert(profile->length_bytes >= 1 && profile->length_bytes <= 4);
	assert(profile->link.address.tx_id <= 0x1fffffffu && profile->link.address.rx_id <= 0x1fffffffu);
	assert(profile->link.tx_dl == can_msg_fd_len(profile->link.tx_dl));
	assert(profile->link.fd || profile->link.tx_dl == 8);
	check_steps(profile);
	check_parts(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_error error = {{0}};
	struct profile *profile = malloc(2 * sizeof *profile);
	char *text = malloc(size ? size : 1);
	int r;

	/* exactly as large as the text, so that reading past its end is seen */
	assert(profile && text);
	if (size > 0)
		memcpy(text, data, size);
	memset(profile, 0xa5, 2 * sizeof *profile);
	r = profile_load_memory("p.yaml", text, size, profile, &error);
	if (r == 0) {
		check_profile(profile);
	} else {
		assert(r == 1);
		assert(memcmp(profile, profile + 1, sizeof *profile) == 0);
		assert(memchr(error.text, 0, sizeof error.text));
		assert(strncmp(error.text, "p.yaml", 6) == 0 && strlen(error.text) > 8);
	}
	free(text);
	free(profile);
	return 0;
}
