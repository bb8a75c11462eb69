/* profile_priv - the parts of profile_check(): profile.c what the ECU is like, profile_sequence.c the lists of steps */
#ifndef ECU_FLASH_PROFILE_PRIV_H
#define ECU_FLASH_PROFILE_PRIV_H

#include "ecu-flash/profile.h"

/* Return: @words, so that a check can end with it; @other: of a value that does not go with that of @key; NULL */
static inline const char *profile_wrong(struct profile_flaw *flaw, const char *key, const char *other,
					const char *words)
{
	flaw->keys[0] = key;
	flaw->keys[1] = other;
	return words;
}

static inline const char *profile_wrong_entry(struct profile_flaw *flaw, const char *list, uint8_t entry,
					      const char *words)
{
	flaw->list = list;
	flaw->entry = entry;
	return words;
}

/* the document has the first of the profile by itself, and the others in a list */
static inline const char *profile_wrong_security(struct profile_flaw *flaw, uint8_t i, const char *words)
{
	return i == 0 ? profile_wrong(flaw, "security", NULL, words)
		      : profile_wrong_entry(flaw, "securities", (uint8_t)(i - 1u), words);
}

/* Return: NULL, or what is wrong, in words (a static string); @flaw: where */
const char *profile_check_bus_steps(const struct profile *p, struct profile_flaw *flaw);
const char *profile_check_sequence(const struct profile *p, struct profile_flaw *flaw);

#endif
