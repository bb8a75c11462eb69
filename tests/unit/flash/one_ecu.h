/* the run of one scripted ECU, and what every failure has to leave behind */
#ifndef TESTS_UNIT_FLASH_ONE_ECU_H
#define TESTS_UNIT_FLASH_ONE_ECU_H

#include "tests/unit/flash/world.h"

static struct world w;
static uint8_t bytes[2][4096];
static struct image images[2];

static inline int setup(void **state)
{
	(void)state;
	world_init(&w, 0, 1);
	world_add(&w, false);
	for (unsigned i = 0; i < 2; i++) {
		fill_pattern(bytes[i], sizeof(bytes[i]), i + 1);
		memset(&images[i], 0, sizeof(images[i]));
		images[i].n_segments = 1;
		images[i].n_bytes = 1000;
		images[i].segments[0] = (struct image_segment){PEER_BASE + 0x2000 * i, bytes[i], 1000};
	}
	w.jobs[0].n_units = 1;
	w.jobs[0].units[0].image = &images[0];
	snprintf(w.jobs[0].units[0].expected_version, FLASH_VERSION_BYTES, "APP-2");
	return 0;
}

static inline void expect_failure(const struct flash_result *r, enum flash_code code, uint8_t sid, uint8_t nrc,
				  bool erased)
{
	if (r->code != code)
		print_message("# %s\n", r->text);
	assert_int_equal(r->code, code);
	assert_int_equal(r->sid, sid);
	assert_int_equal(r->nrc, nrc);
	assert_int_equal(r->erased, erased);
	assert_false(r->verified);
	assert_true(strlen(r->text) > 0);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_FAILED), 1);
	assert_int_equal(world_events(&w, 0, FLASH_EVENT_DONE), 0);
	/* an ECU that still has its application is left in its default session, an erased one is left alone */
	if (!erased)
		assert_int_equal(w.peers[0].session, 1);
	else
		assert_int_equal(world_count(&w, 0, 0, B("\x10\x01")), 0);
	assert_false(w.channels[0].tester_present);
}

#endif
