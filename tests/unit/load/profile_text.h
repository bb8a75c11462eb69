/* profiles as text: loaded, or refused with words and the profile untouched */
#ifndef TESTS_UNIT_LOAD_PROFILE_TEXT_H
#define TESTS_UNIT_LOAD_PROFILE_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ecu-flash/load/profile_load.h"

#define MINIMAL                                           \
	"name: lamp\n"                                    \
	"addressing: {request: 0x7E0, response: 0x7E8}\n" \
	"security: {key: lamp-key}\n"

static struct profile profile;
static struct yaml_error error;

static inline int load(const char *text)
{
	memset(&profile, 0xa5, sizeof profile);
	error.text[0] = '\0';
	return profile_load_memory("lamp.yaml", text, strlen(text), &profile, &error);
}

static inline void expect(const char *text)
{
	if (load(text))
		fail_msg("%s", error.text);
}

static inline void expect_refused(const char *text, const char *words)
{
	struct profile untouched;

	memset(&untouched, 0xa5, sizeof untouched);
	assert_int_equal(load(text), 1);
	if (!strstr(error.text, words))
		fail_msg("'%s' does not say '%s'", error.text, words);
	assert_memory_equal(&profile, &untouched, sizeof profile);
}

/* MINIMAL and one more line, which is line 4 */
static inline void expect_line_refused(const char *line, const char *words)
{
	char text[512];

	snprintf(text, sizeof text, MINIMAL "%s\n", line);
	expect_refused(text, words);
}

#endif
