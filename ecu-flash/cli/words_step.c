/* A step of a profile in words: the service first, then what it does with which arguments, then what counts as done. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/words.h"

static const char *session_word(uint8_t session)
{
	return session == 1 ? "default" : session == 2 ? "programming" : session == 3 ? "extended" : "manufacturer's";
}

static const char *reset_word(uint8_t type)
{
	return type == 1 ? "hard reset" : type == 2 ? "key off on reset" : type == 3 ? "soft reset" : "reset";
}

static void add(char out[WORDS_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char out[WORDS_BYTES], const char *format, ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + n, WORDS_BYTES - n, format, args);
	va_end(args);
}

static void add_hex(char out[WORDS_BYTES], const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(out, "%02X", bytes[i]);
}

static void security_words(const struct profile_security *s, char out[WORDS_BYTES])
{
	add(out, "27 %02X unlock security level 0x%02X", s->level, s->level);
	switch (s->algorithm) {
	case PROFILE_SECURITY_NONE:
		add(out, " (no algorithm)");
		return;
	case PROFILE_SECURITY_AES128_CMAC:
		add(out, " (AES-128-CMAC");
		break;
	case PROFILE_SECURITY_XOR:
		add(out, " (XOR");
		break;
	case PROFILE_SECURITY_LIBRARY:
		add(out, " (library '%s'", s->library);
		break;
	}
	if (s->key_id[0])
		add(out, ", key '%s'", s->key_id);
	add(out, ")");
}

static const char *part_word(enum profile_part_kind kind)
{
	switch (kind) {
	case PROFILE_PART_BYTES:
		return "fixed bytes";
	case PROFILE_PART_DATE_YYMMDD:
	case PROFILE_PART_DATE_YYYYMMDD:
		return "the date";
	case PROFILE_PART_TESTER_SERIAL:
		return "the tester's serial number";
	case PROFILE_PART_SHOP_CODE:
		return "the shop's code";
	}
	return "";
}

static void fingerprint_words(const struct profile *p, char out[WORDS_BYTES])
{
	unsigned n = p->n_parts ? 0 : p->n_fingerprint;

	for (uint8_t i = 0; i < p->n_parts; i++)
		n += p->parts[i].n;
	add(out, "2E %04X write the fingerprint, %u bytes", p->did_fingerprint, n);
	for (uint8_t i = 0; i < p->n_parts; i++)
		add(out, "%s%s", i ? ", " : ": ", part_word(p->parts[i].kind));
}

static void erase_words(const struct profile *p, char out[WORDS_BYTES])
{
	unsigned address = p->erase_address_bytes ? p->erase_address_bytes : p->address_bytes;
	unsigned length = p->erase_length_bytes ? p->erase_length_bytes : p->length_bytes;

	add(out, "31 %04X erase", p->routine_erase);
	switch (p->erase_argument) {
	case PROFILE_ERASE_NONE:
		add(out, " the unit, without argument");
		break;
	case PROFILE_ERASE_ADDRESS_LENGTH:
		add(out, " each segment by address (%u bytes) and length (%u bytes)%s", address, length,
		    p->erase_bare ? ", without format byte" : "");
		break;
	case PROFILE_ERASE_BLOCK:
		add(out, " each unit by its number (%u byte%s, from %" PRIu32 " on)", p->block_number_bytes,
		    p->block_number_bytes == 1 ? "" : "s", p->first_block);
		break;
	}
}

static const char *check_word(enum profile_check_argument argument)
{
	switch (argument) {
	case PROFILE_CHECK_NONE:
		return "without argument";
	case PROFILE_CHECK_CRC32:
		return "with its CRC-32";
	case PROFILE_CHECK_SHA256:
		return "with its SHA-256";
	case PROFILE_CHECK_SIGNATURE:
		return "with the author's signature";
	}
	return "";
}

static void add_data(const struct flash_step *s, char out[WORDS_BYTES])
{
	if (!s->n_data)
		return;
	add(out, " with ");
	add_hex(out, s->data, s->n_data);
}

/* what counts as success of a routine */
static void add_status(const struct profile *p, const struct flash_step *s, char out[WORDS_BYTES])
{
	const struct profile_status *status = &p->status[profile_step_routine(s)];

	add(out, "; passed if the status is ");
	add_hex(out, status->success, status->n_success);
	if (status->offset)
		add(out, " at byte %u", status->offset);
	if (!status->required)
		add(out, " or none");
	if (status->may_run)
		add(out, ", running if %02X", status->running);
}

static void step_words(const struct profile *p, const struct flash_step *s, char out[WORDS_BYTES])
{
	uint8_t sub = s->sub_function;

	switch (s->kind) {
	case FLASH_STEP_SESSION:
		sub = sub ? sub : 2;
		add(out, "10 %02X enter the %s session", sub, session_word(sub));
		break;
	case FLASH_STEP_SECURITY:
		security_words(profile_step_security(p, s), out);
		break;
	case FLASH_STEP_FINGERPRINT:
		fingerprint_words(p, out);
		break;
	case FLASH_STEP_ERASE:
		erase_words(p, out);
		break;
	case FLASH_STEP_TRANSFER:
		add(out, "34 36 37 transfer the segments, data format 0x%02X", p->data_format);
		if (p->max_block_bytes)
			add(out, ", blocks of up to %" PRIu32 " bytes", p->max_block_bytes);
		break;
	case FLASH_STEP_CHECK_MEMORY:
		add(out, "31 %04X check each unit %s", p->routine_check, check_word(p->check_argument));
		break;
	case FLASH_STEP_DEPENDENCIES:
		add(out, "31 %04X check the dependencies", p->routine_dependencies);
		break;
	case FLASH_STEP_RESET:
		sub = sub ? sub : 1;
		add(out, "11 %02X %s", sub, reset_word(sub));
		break;
	case FLASH_STEP_WAIT_BOOT:
		add(out, "wait for boot, %" PRIu32 " to %" PRIu32 " ms", p->boot_wait_ms, p->boot_max_ms);
		break;
	case FLASH_STEP_READ_VERSION:
		add(out, "22 %04X read the version back", p->did_application);
		break;
	case FLASH_STEP_ROUTINE:
		add(out, "31 %04X routine", s->id);
		add_data(s, out);
		break;
	case FLASH_STEP_WRITE_DID:
		add(out, "2E %04X write", s->id);
		add_data(s, out);
		break;
	case FLASH_STEP_WAIT:
		add(out, "wait %" PRIu32 " ms", s->wait_ms);
		break;
	case FLASH_STEP_SWITCH_OVER:
		add(out, "31 %04X switch over to the other bank", p->routine_switch_over);
		add_data(s, out);
		break;
	case FLASH_STEP_SWITCH_BACK:
		add(out, "31 %04X switch back", p->routine_switch_back);
		add_data(s, out);
		break;
	}
}

static bool is_routine(enum flash_step_kind kind)
{
	return kind == FLASH_STEP_ERASE || kind == FLASH_STEP_CHECK_MEMORY || kind == FLASH_STEP_DEPENDENCIES ||
	       kind == FLASH_STEP_ROUTINE || kind == FLASH_STEP_SWITCH_OVER || kind == FLASH_STEP_SWITCH_BACK;
}

void words_step(const struct profile *profile, const struct flash_step *step, char out[WORDS_BYTES])
{
	out[0] = '\0';
	step_words(profile, step, out);
	if (is_routine(step->kind))
		add_status(profile, step, out);
	for (uint8_t i = 0; i < step->n_accept_nrc; i++)
		add(out, "%s %02X", i ? "," : "; done as well if refused with", step->accept_nrc[i]);
}

void words_bus_step(const struct profile *profile, const struct bus_step *step, char out[WORDS_BYTES])
{
	uint8_t sub = step->sub_function;

	out[0] = '\0';
	switch (step->kind) {
	case BUS_STEP_SESSION:
		snprintf(out, WORDS_BYTES, "10 %02X %s session, all ECUs", sub, session_word(sub));
		break;
	case BUS_STEP_PRECONDITIONS:
		snprintf(out, WORDS_BYTES, "31 %04X programming preconditions of the ECU",
			 profile->routine_preconditions);
		break;
	case BUS_STEP_DTC_SETTING:
		snprintf(out, WORDS_BYTES, "85 %02X fault memory %s, all ECUs", sub, sub == 2 ? "off" : "on");
		break;
	case BUS_STEP_COMMUNICATION:
		snprintf(out, WORDS_BYTES, "28 %02X %02X normal communication %s, all ECUs", sub,
			 step->communication_type,
			 sub == 0   ? "on"
			 : sub == 3 ? "off"
				    : "restricted");
		break;
	case BUS_STEP_CLEAR_DTC:
		snprintf(out, WORDS_BYTES, "14 FFFFFF clear the fault memory, all ECUs");
		break;
	}
}
